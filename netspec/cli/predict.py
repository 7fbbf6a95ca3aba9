"""`netspec predict`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netspec.cli import options
from netspec.cli.output import reporting
from netspec.core.installed import require_packages
from netspec.inference.results import Fault
from netspec.render.json import json_text
from netspec.reports.results import WRITERS


@click.command(
    "predict",
    short_help="Let a run say what it sees in pictures or rows.",
    epilog="Example: netspec predict runs/mnist-cnn-1 five.png --top 3",
)
@click.argument("run")
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--top", type=click.IntRange(min=1), default=3, show_default=True, help="How many classes to name.")
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write outputs that are pictures or masks into this folder, as PNG files.",
)
@click.option("--generate", metavar="PROMPT", help="Let a language model go on with a text, instead of FILEs.")
@click.option(
    "--sample",
    type=click.IntRange(min=1, max=100_000),
    metavar="COUNT",
    help="Let a variational autoencoder draw so many new samples from noise, instead of FILEs.",
)
@click.option("--tokens", type=click.IntRange(min=1), default=200, show_default=True, help="How many to generate.")
@click.option(
    "--temperature",
    type=click.FloatRange(min=0, max=100),
    default=1.0,
    show_default=True,
    help="By which scores are divided: less is surer, 0 takes the likeliest token.",
)
@click.option("--top-k", type=click.IntRange(min=1), help="Choose among so many of the likeliest tokens.")
@click.option(
    "--seed", type=click.IntRange(min=0, max=2**31), default=0, show_default=True, help="Of what is chosen or drawn."
)
@options.device_option
@options.weights_option
@options.format_option(*WRITERS, help="How to write the answers.")
@options.out_option
@options.plugins_option
def command(
    run: str,
    files: tuple[str, ...],
    top: int,
    pictures: Path | None,
    generate: str | None,
    sample: int | None,
    tokens: int,
    temperature: float,
    top_k: int | None,
    seed: int,
    device: str | None,
    weights: str,
    style: str,
    out: Path | None,
    allow_plugins: bool,
) -> None:
    """Let a run say what it sees in pictures, in the rows of tables where it was trained on a table, or in texts.

    A FILE may be a folder, of which all pictures (tables, texts) are taken, those in its folders too; `-` is standard
    input: one picture, the rows of a table, or texts. Samples are resized and normalised as the run's were, and texts
    go through its tokenizer. With --generate a language model continues a text; with --sample a variational autoencoder
    draws: netspec predict runs/vae-1 --sample 16 --pictures drawn

    What cannot be read is named, with its row, and the others are answered. Exit code 0: all were answered; 1: a file
    or row could not be used; 2: a file is not there.
    """
    require_packages("netspec predict")
    if sum([bool(files), generate is not None, sample is not None]) != 1:
        raise click.UsageError("give FILEs, or a text to go on with: --generate PROMPT; or --sample COUNT")
    if generate is not None:
        _generate(run, generate, (tokens, temperature, top_k, seed), (device, weights), style, out, allow_plugins)
        return
    faults = options.Faults()
    with reporting() as work:
        from netspec.inference.loaded_run import load_run
        from netspec.inference.predict import make_predictor
        from netspec.inference.sample import make_sampler

        loaded = load_run(run, allow_plugins=allow_plugins)
        work.spec = loaded.spec
        if sample is None:
            answers = make_predictor(loaded, device, weights, pictures).stream(files, top)
        else:
            answers = make_sampler(loaded, device, weights, pictures).stream(sample, seed)
        with options.output_stream(out) as stream:
            writer = WRITERS[style](stream)
            for answer in answers:
                if isinstance(answer, Fault):
                    faults.report(answer)
                else:
                    writer.add(answer)
            writer.close(faults)
    faults.exit_if_any()


def _generate(
    run: str,
    prompt: str,
    how: tuple[int, float, int | None, int],
    network: tuple[str | None, str],
    style: str,
    out: Path | None,
    allow_plugins: bool,
) -> None:
    """Write a text and its continuation, as it comes."""
    if style == "csv":
        raise click.UsageError("a text is no table: --format text or json")
    with reporting() as work:
        from netspec.inference.generate import Sampling, make_generator
        from netspec.inference.loaded_run import load_run

        loaded = load_run(run, allow_plugins=allow_plugins)
        work.spec = loaded.spec
        pieces = make_generator(loaded, *network).stream(prompt, Sampling(*how))
        with options.output_stream(out) as stream:
            if style == "json":
                content = {"version": 1, "prompt": prompt, "text": "".join(pieces)}
                stream.write(json_text(content, stream) + "\n")
                return
            stream.write(prompt)
            for piece in pieces:
                stream.write(piece)
                if out is None:
                    sys.stdout.flush()  # so that it can be read as it comes
            stream.write("\n")
