"""`python -m artifact STAGE`: write `dist/template.yaml` and `dist/slipway.zip`, and say how large they are."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from artifact import archive, chalice_package, libraries
from artifact.template import ROOT, STAGES, ZIP, assembled

TEMPLATE = "template.yaml"


def main() -> None:
    """Package the stage that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m artifact", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder to write to (dist)")
    asked = parser.parse_args()
    package(asked.stage, asked.out)
    for file in (TEMPLATE, ZIP):
        print(f"{asked.out / file}  {(asked.out / file).stat().st_size / 1e6:.1f} MB")


def package(stage: str, out: Path) -> None:
    """Write a stage's template and zip into a folder, which is made; what is there is replaced."""
    made = chalice_package.made(ROOT, stage)
    files = {**libraries.installed(ROOT / "requirements.txt"), **made.files}
    out.mkdir(parents=True, exist_ok=True)
    archive.write(out / ZIP, archive.trimmed(files))
    (out / TEMPLATE).write_text(written(assembled(made.template, stage)))


def written(template: Mapping[str, Any]) -> str:
    """Return a template as YAML."""
    return yaml.dump(template, Dumper=_Plain, sort_keys=False, width=120)


class _Plain(yaml.SafeDumper):
    """Writes what is used twice, twice: CloudFormation takes aliases, a reader follows them with difficulty."""

    def ignore_aliases(self, _: object) -> bool:
        """Tell that nothing becomes an alias."""
        return True


if __name__ == "__main__":
    main()
