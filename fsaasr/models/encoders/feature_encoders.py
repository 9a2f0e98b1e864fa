"""Every encoder of features by its kind."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Tuple, Type, Union

from pydantic import Discriminator, Tag
from typing_extensions import Annotated

from fsaasr.models.encoders.blstm import Blstm, BlstmConfig
from fsaasr.models.encoders.conformer import Conformer, ConformerConfig
from fsaasr.models.encoders.crdnn import Crdnn, CrdnnConfig
from fsaasr.models.encoders.encoder import Encoder
from fsaasr.models.encoders.lstm import Lstm, LstmConfig
from fsaasr.models.encoders.pyramid import Pyramid, PyramidConfig
from fsaasr.models.encoders.tdnn import Tdnn, TdnnConfig
from fsaasr.models.encoders.transformer import Transformer, TransformerConfig


def encoder_kind(config: Any) -> str:
    """Kind of a configuration, or of the mapping that becomes one."""
    # Configurations of the time when there was one encoder do not name it.
    return str(config.get("kind", "tdnn") if isinstance(config, Mapping) else config.kind)


FeatureEncoderConfig = Annotated[
    Union[
        Annotated[TdnnConfig, Tag("tdnn")],
        Annotated[LstmConfig, Tag("lstm")],
        Annotated[BlstmConfig, Tag("blstm")],
        Annotated[PyramidConfig, Tag("pyramid")],
        Annotated[CrdnnConfig, Tag("crdnn")],
        Annotated[TransformerConfig, Tag("transformer")],
        Annotated[ConformerConfig, Tag("conformer")],
    ],
    Discriminator(encoder_kind),
]
"""Shape of any encoder of features; in YAML, `kind` says of which, and `tdnn` may be left out."""

FEATURE_ENCODERS: Dict[str, Tuple[Type[Any], Callable[[int, Any], Encoder]]] = {
    "tdnn": (TdnnConfig, Tdnn),
    "lstm": (LstmConfig, Lstm),
    "blstm": (BlstmConfig, Blstm),
    "pyramid": (PyramidConfig, Pyramid),
    "crdnn": (CrdnnConfig, Crdnn),
    "transformer": (TransformerConfig, Transformer),
    "conformer": (ConformerConfig, Conformer),
}
"""Configuration and network of each kind."""
