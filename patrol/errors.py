"""How the command ends: 0 done, 1 something given is wrong, 2 the request or configuration is wrong, 70 a defect."""

import click

DONE, WRONG_INPUT, WRONG_REQUEST, DEFECT = 0, 1, 2, 70


class InputProblem(click.ClickException):
    """It ran, but something is wrong with what it was given: footage read in part, a packet that does not verify."""

    exit_code = WRONG_INPUT


class RequestProblem(click.ClickException):
    """The request or the configuration is wrong; nothing was done."""

    exit_code = WRONG_REQUEST
