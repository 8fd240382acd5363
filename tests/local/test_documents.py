"""What the documents show is what happens."""

import re

from tests.local.local_cloud import ROOT, LocalCloud


def test_the_manifest_of_the_page_deploys(cloud: LocalCloud) -> None:
    """The complete example of docs/manifest.md deploys as it stands, with every field in it."""
    example = re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / "manifest.md").read_text(), re.DOTALL)
    assert example
    accepted = cloud.ask("POST", "/deployments", example[1].encode(), Content_Type="application/yaml")
    ended = cloud.ended(accepted.document["id"])

    assert "succeeded" == ended["status"], ended["failure"]
    assert 2 == len(ended["services"]["home"]["dns"]["addresses"])
    assert "hello" == cloud.visit("/home")["greeting"]
