"""The `patrol` command: one file a subcommand in `patrol/commands/`, imported only when it is called."""

import importlib
import sys
import traceback

import click

from patrol.errors import DEFECT

COMMANDS: dict[str, str] = {
    "bench": "Measure this machine.",
    "check": "Validate a site folder.",
    "demo": "Watch the sample clip from camera to case.",
    "doctor": "Can this box do what its site asks?",
    "footage": "Find things in footage of drones and patrol vehicles.",
    "models": "The weights that ship, and how they are made.",
    "replay": "The same verdicts from recorded footage.",
    "route": "Whose is a case, and why?",
    "run": "Watch the cameras of a site.",
    "serve": "API and pages of a site.",
    "simulate": "Serve footage as an RTSP camera.",
    "telemetry": "What a drone's or vehicle's log says.",
    "token": "Make a token for a box or a reader.",
    "up": "Watch and serve in one process.",
    "vault": "Check, hold, delete and export sealed packets.",
    "verify": "Check evidence packets.",
}


class _Lazy(click.Group):
    """Subcommands load when they are called: `patrol verify` must not wait for a detector."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(f"patrol.commands.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - a table entry without its command is a defect
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="street-patrol")
def cli() -> None:
    """Finds street vending, illegal parking and dumped waste inside geofences, and seals what it finds."""


def main() -> None:
    """Run the command line; an uncaught exception is a defect and exits 70."""
    try:
        cli()
    except SystemExit:
        raise
    except Exception:  # noqa: BLE001 - the one place that turns a defect into its exit code
        traceback.print_exc()
        sys.stderr.write("patrol: this is a defect; please report it with the lines above\n")
        sys.exit(DEFECT)


if __name__ == "__main__":
    main()
