"""A causal Transformer that predicts the next word."""

from __future__ import annotations

import math
from typing import List, Sequence, Tuple

import torch
from torch import Tensor, nn

from fsaasr.grammar.neural.config import TransformerLmConfig
from fsaasr.grammar.neural.network import LmNetwork


class TransformerLm(LmNetwork):
    """See `TransformerLmConfig`. A memory is float32 (layers, P, 2 D): keys and values of the P words so far."""

    def __init__(self, vocabulary: int, config: TransformerLmConfig) -> None:
        """Makes random weights.

        Args:
          vocabulary: V words.
          config: the shape.
        """
        super().__init__()
        self.words = nn.Embedding(1 + vocabulary, config.dim)
        nn.init.normal_(self.words.weight, std=config.dim**-0.5)
        self.bias = nn.Parameter(torch.zeros(1 + vocabulary))
        self.blocks = nn.ModuleList([CausalBlock(config) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.scale = math.sqrt(config.dim)

    def read(self, inputs: Tensor) -> Tensor:
        """See `LmNetwork.read`."""
        length = inputs.shape[1]
        hidden = self._embed(inputs, torch.arange(length, device=inputs.device))
        seen = torch.ones((length, length), dtype=torch.bool, device=inputs.device).tril()
        nothing = hidden.new_zeros((len(inputs), 0, 2 * hidden.shape[2]))
        for block in self.blocks:
            hidden, _ = block(hidden, nothing, seen.unsqueeze(0))
        result: Tensor = self.dropout(self.norm(hidden))
        return result

    def begin(self) -> Tensor:
        """Nothing."""
        nothing: Tensor = self.words.weight.new_zeros((len(self.blocks), 0, 2 * self.words.embedding_dim))
        return nothing

    def step(self, inputs: Tensor, memories: Sequence[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """See `LmNetwork.step`; memories may be of any lengths."""
        lengths = torch.tensor([memory.shape[1] for memory in memories], device=inputs.device)
        longest = int(lengths.max())
        # Padded before, so that the new word is the last of each.
        padded = [nn.functional.pad(memory, (0, 0, longest - memory.shape[1], 0)) for memory in memories]
        past = torch.stack(padded, dim=1)
        place = torch.arange(longest + 1, device=inputs.device)
        seen = torch.ge(place.unsqueeze(0), longest - lengths.unsqueeze(1)).unsqueeze(1)
        hidden = self._embed(inputs, lengths).unsqueeze(1)
        kept = []
        for layer, block in enumerate(self.blocks):
            hidden, now = block(hidden, past[layer], seen)
            kept.append(now)
        after = torch.stack(kept)
        memories = [after[:, n, longest - length :] for n, length in enumerate(lengths.tolist())]
        return self.dropout(self.norm(hidden[:, 0])), memories

    def _embed(self, inputs: Tensor, places: Tensor) -> Tensor:
        """Vectors (..., D) of inputs (...) at places 0, 1, ... of their sentences."""
        half = torch.arange(0, self.words.embedding_dim, 2, device=inputs.device)
        angles = places.unsqueeze(-1) * torch.exp(torch.mul(half, -math.log(10000.0) / self.words.embedding_dim))
        waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)[..., : self.words.embedding_dim]
        vectors: Tensor = self.dropout(self.words(inputs) * self.scale + waves)
        return vectors


class CausalBlock(nn.Module):
    """Attention to what was said before, then two linear layers; normalised before each (Xiong et al. 2020)."""

    def __init__(self, config: TransformerLmConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_norm, self.output_norm = nn.LayerNorm(config.dim), nn.LayerNorm(config.dim)
        self.query = nn.Linear(config.dim, config.dim)
        self.keys_values = nn.Linear(config.dim, 2 * config.dim)
        self.mix = nn.Linear(config.dim, config.dim)
        self.wide, self.narrow = nn.Linear(config.dim, config.feed_forward), nn.Linear(config.feed_forward, config.dim)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, hidden: Tensor, past: Tensor, seen: Tensor) -> Tuple[Tensor, Tensor]:
        """One block.

        Args:
          hidden: (N, L, D).
          past: (N, P, 2 D), keys and values from before.
          seen: bool (N or 1, L, P + L): which of them each place attends to, at least one.

        Returns:
          (N, L, D), and all keys and values (N, P + L, 2 D).
        """
        normed = self.attention_norm(hidden)
        both = torch.cat([past, self.keys_values(normed)], dim=1)
        keys, values = (self._by_head(part) for part in both.chunk(2, dim=2))
        queries = self._by_head(self.query(normed))
        energies = queries @ keys.transpose(2, 3) / math.sqrt(queries.shape[3])
        weights = self.dropout(energies.masked_fill(~seen.unsqueeze(1), -math.inf).softmax(dim=3))
        context = (weights @ values).transpose(1, 2).reshape(hidden.shape)
        hidden = hidden + self.dropout(self.mix(context))
        inner = self.dropout(torch.relu(self.wide(self.output_norm(hidden))))
        return hidden + self.dropout(self.narrow(inner)), both

    def _by_head(self, vectors: Tensor) -> Tensor:
        """(N, L, D) to (N, heads, L, D / heads)."""
        parts: Tensor = vectors.reshape(*vectors.shape[:2], self.heads, -1).transpose(1, 2)
        return parts
