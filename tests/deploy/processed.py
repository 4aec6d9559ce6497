#!/usr/bin/env python3
"""The template as CloudFormation receives it, after SAM's transform. Run as a program, checks its roles.

    target/ci-ministack/bin/python tests/deploy/processed.py
"""

import os
import pathlib
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# The transform asks for a region and uses it in no role.
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

TEMPLATE = pathlib.Path(__file__).resolve().parents[2] / "template.yaml"


class NoManagedPolicies:
    """SAM's list of the account's managed policies, of which the template names none."""

    def load(self):
        return {}


def processed(path, parameters):
    """The processed template. Parameters that are not given have their defaults."""
    template = yaml_parse(path.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://uploaded/already"
    return transform(template, parameters, NoManagedPolicies())


def check(parameters):
    """Ends the program unless the roles are those of the template and have no managed policy."""
    own = set(yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"])
    resources = processed(TEMPLATE, parameters)["Resources"]
    roles = {name: role["Properties"] for name, role in resources.items() if role["Type"] == "AWS::IAM::Role"}
    managed = {name: role["ManagedPolicyArns"] for name, role in roles.items() if role.get("ManagedPolicyArns")}
    print(f"{parameters}: {len(roles)} roles, made by SAM: {sorted(roles.keys() - own)}, managed policies: {managed}")
    if managed or roles.keys() - own:
        sys.exit("template.yaml: give the function a role of its own")


if __name__ == "__main__":
    for tracing in ("PassThrough", "Active"):
        for gradual in ("false", "true"):
            check({"Tracing": tracing, "GradualDeployment": gradual})
