"""Networks as people write them by hand, each with the shapes of one sample's inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Notes(nn.Module):
    """A course's first network: functions between layers, sizes read from the tensor, dropout as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 5)
        self.conv2 = nn.Conv2d(8, 12, 5)
        self.fc1 = nn.Linear(12 * 4 * 4, 30)
        self.fc2 = nn.Linear(30, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), (2, 2))
        x = x.view(x.size(0), -1).contiguous()
        x = F.dropout(F.relu(self.fc1(x)), 0.25, self.training)
        return F.log_softmax(self.fc2(x), dim=1)


class Branches(nn.Module):
    """Branches that are concatenated."""

    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(channels, wide, 1)
        self.three = nn.Sequential(nn.Conv2d(channels, 8, 1), nn.ReLU(), nn.Conv2d(8, wide, 3, padding=1))
        self.pool = nn.Conv2d(channels, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.pool(F.avg_pool2d(x, 3, stride=1, padding=1))
        return torch.cat([self.one(x), self.three(x), pooled], 1)


class BranchNet(nn.Module):
    """Two modules of one class with other widths."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Branches(1, 6)
        self.second = Branches(16, 10)
        self.third = Branches(24, 14)
        self.fc = nn.Linear(32, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.third(F.relu(self.second(F.relu(self.first(x)))))
        return self.fc(x.mean((2, 3)))


class Shared(nn.Module):
    """A module that is applied twice, and a list of modules."""

    def __init__(self) -> None:
        super().__init__()
        self.step = nn.Sequential(nn.Linear(12, 12), nn.Tanh())
        self.tail = nn.ModuleList([nn.Linear(12, 12) for _ in range(3)])
        self.head = nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Tensor:
        first = self.step(x)
        second = self.step(first)
        for layer in self.tail:
            second = second + 0.5 * F.gelu(layer(second))
        return self.head(torch.cat((first, second), -1))


class Attention(nn.Module):
    """Queries, keys and values from one Linear; the batch is the second axis for a while."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        b, t, c = x.shape
        qkv = self.qkv(x).reshape(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = (q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5
        return self.proj((weights.softmax(-1) @ v).transpose(1, 2).reshape(b, t, c))


class Transformer(nn.Module):
    """Tokens with a class token and learned positions, through equal layers."""

    def __init__(self, width: int = 24, depth: int = 4) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, 10, width))
        self.blocks = nn.ModuleList()
        for _ in range(depth):
            mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
            parts = {
                "norm1": nn.LayerNorm(width),
                "attn": Attention(width, 4),
                "norm2": nn.LayerNorm(width),
                "mlp": mlp,
            }
            self.blocks.append(nn.ModuleDict(parts))
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), dim=1) + self.position
        for block in self.blocks:
            x = x + block["attn"](block["norm1"](x))  # type: ignore[index]  # a ModuleDict
            x = x + block["mlp"](block["norm2"](x))  # type: ignore[index]  # a ModuleDict
        return (self.scale * x)[:, 0]


class Windows(nn.Module):
    """Attention inside windows, which are folded into the batch."""

    def __init__(self, width: int = 8, window: int = 4) -> None:
        super().__init__()
        self.window = window
        self.attention = Attention(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        b, h, w, c = x.shape
        n = self.window
        parts = x.view(b, h // n, n, w // n, n, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, n * n, c)
        parts = self.attention(parts).view(b, h // n, w // n, n, n, c)
        return parts.permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)


class TimeFirst(nn.Module):
    """Layers that take the time before the batch, as torch's own default has it."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(50, 16)
        self.rnn = nn.LSTM(16, 12, num_layers=2)
        self.attention = nn.MultiheadAttention(12, 3)
        self.out = nn.Linear(24, 4)

    def forward(self, words: Tensor) -> Tensor:
        states, (last, _) = self.rnn(self.words(words).transpose(0, 1))
        seen, _ = self.attention(states, states, states, need_weights=False)
        return self.out(torch.cat((seen.mean(0), last[-1]), dim=1))


class Activated(nn.BatchNorm2d):
    """A BatchNorm2d with an activation behind it."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.act = nn.SiLU()

    def forward(self, input: Tensor) -> Tensor:
        weights = (self.running_mean, self.running_var, self.weight, self.bias)
        return self.act(F.batch_norm(input, *weights, self.training, 0.1, self.eps))


class Encoder(nn.Module):
    """A VAE: two heads, and a sum with noise that is left out in eval."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), Activated(8), nn.Flatten())
        self.mean, self.log_variance = nn.Linear(8 * 4 * 4, 6), nn.Linear(8 * 4 * 4, 6)
        self.up = nn.Linear(6, 3 * 8 * 8)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.body(x)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        code = mean
        if self.training:
            code = code + torch.randn_like(mean) * (log_variance / 2).exp()
        return torch.sigmoid(self.up(code)).view(x.shape), mean, log_variance


class UNet(nn.Module):
    """Encoders and decoders with skips between them."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2, self.bottom = self.double(3, 6), self.double(6, 12), self.double(12, 24)
        self.up2, self.dec2 = nn.ConvTranspose2d(24, 12, 2, stride=2), self.double(24, 12)
        self.up1, self.dec1 = nn.ConvTranspose2d(12, 6, 2, stride=2), self.double(12, 6)
        self.out = nn.Conv2d(6, 2, 1)

    @staticmethod
    def double(a: int, b: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for enters in (a, b):
            layers += [nn.Conv2d(enters, b, 3, padding=1), nn.ReLU(inplace=True)]
        return nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(F.max_pool2d(one, 2))
        x = self.up2(self.bottom(F.max_pool2d(two, 2)))
        x = self.up1(self.dec2(torch.cat([two, x], dim=1)))
        return self.out(self.dec1(torch.cat([one, x], dim=1)))


class TwoInputs(nn.Module):
    """Pictures and words; one input has the name of a module."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.words = nn.Embedding(20, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True, bidirectional=True)
        self.out = nn.Linear(16, 3)

    def forward(self, picture: Tensor, tokens: Tensor) -> dict[str, Tensor]:
        states, _ = self.rnn(self.words(tokens))
        return {"scores": self.out(torch.cat([self.picture(picture), states.mean(dim=1)], dim=1))}


class Masked(nn.Module):
    """Attention with a mask that is kept as a buffer, weights in a list, and a first state of zeros."""

    def __init__(self, steps: int = 6, width: int = 8) -> None:
        super().__init__()
        self.register_buffer("mask", torch.tril(torch.ones(steps, steps)).view(1, steps, steps))
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))])
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.rnn = nn.GRU(width, width, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        steps = torch.arange(x.size(1)).unsqueeze(1) / x.size(1)
        weights = self.query(x + steps) @ self.key(x).transpose(-2, -1)
        weights = weights.masked_fill(self.mask[:, : x.size(1), : x.size(1)] == 0, float("-inf")).softmax(-1)
        states, _ = self.rnn(weights @ x, torch.zeros(1, x.size(0), x.size(2)))
        return states[:, -1] * self.scales[0] + self.scales[1]


class Tied(nn.Module):
    """A language model whose output has the weights of its words, and whose modules are held in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 30, bias=False)
        self.words = nn.Embedding(30, 8)
        self.head.weight = self.words.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.words(tokens))


Make = Callable[[], nn.Module]
NETS: dict[str, tuple[Make, Any]] = {
    "notes": (Notes, [1, 28, 28]),
    "branches": (BranchNet, [1, 8, 8]),
    "shared": (Shared, [12]),
    "transformer": (Transformer, [9, 24]),
    "windows": (Windows, [8, 12, 8]),
    "time_first": (TimeFirst, {"shape": [7], "dtype": "int64"}),
    "vae": (Encoder, [3, 8, 8]),
    "unet": (UNet, [3, 16, 16]),
    "masked": (Masked, [6, 8]),
    "tied": (Tied, {"shape": [5], "dtype": "int64"}),
    "two_inputs": (TwoInputs, [[3, 8, 8], {"shape": [5], "dtype": "int64"}]),
}
