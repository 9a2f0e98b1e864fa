"""`Recognizer`: a trained model with its graph, opened once; audio in, words with times out, at once or as it comes."""

from fsaasr.recipe.recognizer.audio import Audio
from fsaasr.recipe.recognizer.listening import Moment, listen
from fsaasr.recipe.recognizer.recognizer import LONGEST, Recognizer
from fsaasr.recipe.recognizer.stream import Latency, Stream
from fsaasr.recipe.recognizer.transcription import Transcription, Utterance

__all__ = ["LONGEST", "Audio", "Latency", "Moment", "Recognizer", "Stream", "Transcription", "Utterance", "listen"]
