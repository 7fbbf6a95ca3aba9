"""A language model's continuation of a prompt, token by token.

Input: a run that was trained on windows of a text, and a prompt. Output: the text, piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from netspec.core.diagnostics import SpecError
from netspec.core.shapes import show
from netspec.data.text.format import WINDOWS, TextFormat
from netspec.inference.stored_run import StoredRun
from netspec.language.ranges import accepts_shape
from netspec.objective.losses import Head, as_tuple, heads_of, network_inputs
from netspec.runtime.diagnostics import layers_span, option_span, spec_error
from netspec.shapes.report import Report
from netspec.training.devices import device_for
from netspec.training.settings import read_settings

TOLERANCE = 1e-4  # of outputs that are computed of other batches


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Args:
        tokens: how many are added.
        temperature: by which scores are divided; 0: the likeliest token.
        top_k: among how many of the likeliest; None: all.
        seed: of the choice.
    """

    tokens: int = 200
    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Generator:
    """A language model that continues texts.

    Args:
        model: in evaluation mode, on the device.
        text: how texts become tokens.
        head: the output that has a score for each token, [tokens, length].
        length: tokens that the network sees.
        fixed: whether it takes no fewer; then the end is filled, which a network that does not look ahead never sees.
        device: where it computes.
    """

    model: nn.Module
    text: TextFormat
    head: Head
    length: int
    fixed: bool
    device: torch.device

    def stream(self, prompt: str, sampling: Sampling) -> Iterator[str]:
        """The continuation of a prompt; the pieces joined are what the tokens say.

        Args:
            prompt: what stands before it.
            sampling: how tokens are chosen.

        Raises:
            SpecError: NS603, the prompt holds nothing that the run knows.
        """
        ids = prompt_ids(self.text, prompt)
        shown = len(self.text.known.decode(ids))
        random = torch.Generator().manual_seed(sampling.seed)
        for _ in range(sampling.tokens):
            ids.append(choose(self.scores(ids), sampling, random))
            whole = self.text.known.decode(ids)
            if not whole.endswith("\N{REPLACEMENT CHARACTER}"):  # else bytes of a character are still to come
                yield whole[shown:]
                shown = len(whole)
        yield self.text.known.decode(ids)[shown:]

    @torch.inference_mode()
    def scores(self, ids: list[int]) -> torch.Tensor:
        """The scores [tokens] of what comes after some tokens, as many of the last ones as the network sees."""
        seen = ids[-self.length :]
        filled = seen + seen[-1:] * (self.length - len(seen) if self.fixed else 0)
        batch = torch.tensor([filled], device=self.device)
        output = as_tuple(self.model(batch))[self.head.index]  # [1, tokens, length]
        scores = output[0, :, len(seen) - 1].float().cpu()
        scores[self.text.vocabulary :] = -torch.inf
        never = [id for id in (self.text.known.pad, self.text.known.unknown) if id is not None and id < len(scores)]
        scores[never] = -torch.inf
        return scores


def choose(scores: torch.Tensor, sampling: Sampling, random: torch.Generator) -> int:
    """The next token.

    Args:
        scores: [tokens], of which a softmax gives the probabilities.
        sampling: how it is chosen.
        random: gives the numbers.
    """
    if not sampling.temperature:
        return int(scores.argmax())
    scores = scores.double() / sampling.temperature
    if sampling.top_k is not None and sampling.top_k < len(scores):
        scores = scores.masked_fill(scores < scores.topk(sampling.top_k).values[-1], -torch.inf)
    return int(torch.multinomial(scores.softmax(0), 1, generator=random))


def prompt_ids(text: TextFormat, prompt: str) -> list[int]:
    """The tokens of a prompt.

    Args:
        text: how texts become tokens.
        prompt: as typed.

    Raises:
        SpecError: NS603, there is none that the run knows.
    """
    ids: list[int] = text.known.encode([prompt])[0].tolist()
    if all(id == text.known.unknown for id in ids):
        what = "the prompt is empty" if not ids else "the prompt holds no token that the run knows"
        raise spec_error("NS603", what, option_span("--generate", prompt))
    return ids


def make_generator(run: StoredRun, device: str | None = None, weights: str = "best") -> Generator:
    """Load what is needed to continue texts.

    Args:
        run: whose network writes.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; None: `auto`.
        weights: of the `best` or the `last` epoch.

    Raises:
        SpecError: NS603, it is no run of a language model, or its network looks ahead; the weights or the device
            cannot be used.
        ReadError: the tokenizer cannot be read.
    """
    target_device = device_for(device)
    at = option_span("--generate", str(run.folder.path))
    if run.text is None or run.text.kind != WINDOWS:
        what = "only a language model writes; this run was not trained on TextWindows"
        raise spec_error("NS603", what, at)
    report = run.report
    head = heads_of(report, read_settings(run.spec).loss)[0]
    if len(network_inputs(report)) > 1 or len(head.output.shape) != 2:
        what = (
            f"a language model has one input, and a score for each token and place; here is {show(head.output.shape)}"
        )
        raise spec_error("NS603", what, at)
    length, fixed = run.text.padding.most, not accepts_shape(run.spec, report.params, (1,))
    made = Generator(run.model(weights, target_device), run.text, head, length, fixed, target_device)
    if (error := looks_ahead(made, report)) is not None:
        raise error
    return made


@torch.inference_mode()
def looks_ahead(generator: Generator, report: Report) -> SpecError | None:
    """Whether the output for a token changes with the tokens behind it, which it is to predict.

    Args:
        generator: its network.
        report: of the network.
    """
    length, size = generator.length, generator.text.vocabulary
    if length < 2:
        return None
    chance = torch.Generator().manual_seed(0)
    first = torch.randint(size, (1, length), generator=chance)
    second = first.clone()
    second[:, length // 2 :] = (second[:, length // 2 :] + 1) % size
    each = [as_tuple(generator.model(x.to(generator.device)))[generator.head.index] for x in (first, second)]
    one, other = (output[..., : length // 2].float() for output in each)
    if torch.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE * max(1.0, float(one.abs().max()))):
        return None
    what = "the network looks ahead: its output for a token changes with the tokens behind it"
    fix = ("fix", "is_causal, an attn_mask, or padding at the left alone, so that it sees what is before a token")
    return spec_error("NS603", what, layers_span(report.spec), fix)
