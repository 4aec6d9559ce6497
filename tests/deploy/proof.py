#!/usr/bin/env python3
"""Deploys the stack to an emulated AWS on this machine, tests it from outside, and removes it again.

    tests/deploy/proof.py --tools target/ci-tools --emulator target/ci-ministack

The emulator is ministack: CloudFormation, Lambda (which runs the real binaries), DynamoDB, Secrets Manager and an
HTTP gateway. Times under it mean nothing, and its DynamoDB is an approximation; what is proven here is that the
template deploys, that everything in it finds everything else, and that `hb` and the API work on what came of it. It
delivers the streams of several tables to several functions, but takes every response of a function as a success: that a
failed record is delivered again is proven by the tests of the local stack, and by nothing here. It keeps schedules.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
STACK = "herobrain-dev"
TENANT = "smoke"
# A public name to everybody but the emulator, whose functions resolve it to this machine.
LOOPBACK = "loopback.example.net"
# The emulator's event source mappings take their time.
ATTEMPT_SECONDS = 120
SCHEDULE_SECONDS = 120


def say(text):
    print(f"-- {text} ({time.strftime('%H:%M:%S')})", flush=True)


def run(command, env, **options):
    """The standard output of a command that has to succeed."""
    done = subprocess.run(
        command, cwd=ROOT, env=env, text=True, check=False, **{"capture_output": True, **options}
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout or ''}{done.stderr or ''}")
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def aws_environment(url):
    """Where AWS is, for the emulator and for everything that speaks to it."""
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SAM_CLI_TELEMETRY": "0",
    }


def with_own_hosts(folder):
    """The beginning of a command that runs with names of its own, in a mount namespace; empty where there can be none."""
    if subprocess.run(["unshare", "-r", "-m", "true"], capture_output=True, check=False).returncode != 0:
        return []
    hosts = folder / "hosts"
    known = pathlib.Path("/etc/hosts").read_text(encoding="utf-8")
    hosts.write_text(f"{known}\n127.0.0.1 {LOOPBACK}\n", encoding="utf-8")
    return ["unshare", "-r", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts]


@contextlib.contextmanager
def emulator(command, env, port, log):
    """ministack, on loopback only: left alone it listens on every interface, MQTT and SFTP included."""
    own = {**env, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    with open(log, "w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, env=own, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for(f"{env['AWS_ENDPOINT_URL']}/_ministack/health", process, log)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def wait_for(url, process, log):
    for _ in range(300):
        if process.poll() is not None:
            sys.exit(f"the emulator ended:\n{pathlib.Path(log).read_text(encoding='utf-8')}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"{url} does not answer")


def beyond_loopback(group):
    """The listening sockets of a session's processes that others than this machine can reach."""
    inodes = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            session = (process / "stat").read_text().rsplit(")", 1)[1].split()[3]
            if int(session) == group:
                links = [os.readlink(link) for link in (process / "fd").iterdir()]
                inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
    found = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            address, state, inode = fields[1].split(":")[0], fields[3], fields[9]
            is_local = address.endswith("7F") if table == "tcp" else address == "0" * 24 + "01000000"
            if state == "0A" and inode in inodes and not is_local:
                found.append(fields[1])
    return found


def resources(client):
    """The physical ids of the stack's resources, by their logical ones."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=STACK)
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


def make_routes(boto3, built):
    """Makes the routes that the template describes: the emulator does not read an API's OpenAPI document."""
    from processed import processed

    template = processed(built, {})
    physical = resources(boto3.client("cloudformation"))
    gateway, api = boto3.client("apigatewayv2"), physical["Api"]
    for path, methods in template["Resources"]["Api"]["Properties"]["Body"]["paths"].items():
        for method, operation in methods.items():
            uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            alias = uri.split("functions/${")[1].split("}")[0]
            integration = gateway.create_integration(
                ApiId=api,
                IntegrationType="AWS_PROXY",
                IntegrationUri=physical[alias],
                PayloadFormatVersion="2.0",
            )
            verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
            route = "$default" if path == "$default" else f"{verb} {path}"
            gateway.create_route(
                ApiId=api, RouteKey=route, Target=f"integrations/{integration['IntegrationId']}"
            )
    return api


def for_the_emulator(built):
    """The built template without what the emulator does not take: of an alarm over several metrics the first is
    left, and deletion protection is off by a boolean instead of the parameter's "false", which it would repeat."""
    from samtranslator.yaml_helper import yaml_parse

    template = yaml_parse(built.read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties:
            first = next(part["MetricStat"] for part in properties.pop("Metrics") if "MetricStat" in part)
            properties.update(first["Metric"], Period=first["Period"], Statistic=first["Stat"])
        if "DeletionProtectionEnabled" in properties:
            properties["DeletionProtectionEnabled"] = False
    emulated = built.with_name("emulated.json")
    emulated.write_text(json.dumps(template), encoding="utf-8")
    return emulated


def failures(boto3):
    """What went wrong with the stack, a line each."""
    events = boto3.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    return "".join(
        f"\n{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("FAILED")
    )


def turn_on_ttl(boto3, built):
    """Turns on the expiry that the template describes: the emulator's CloudFormation leaves it out."""
    physical = resources(boto3.client("cloudformation"))
    for name, resource in json.loads(for_the_emulator(built).read_text(encoding="utf-8"))["Resources"].items():
        expiry = resource.get("Properties", {}).get("TimeToLiveSpecification")
        if expiry:
            database = boto3.client("dynamodb")
            database.update_time_to_live(TableName=physical[name], TimeToLiveSpecification=expiry)


def wait_for_a_pass(boto3):
    """Waits until the schedule has invoked the function that delivers webhooks, which logs each pass."""
    group = resources(boto3.client("cloudformation"))["DeliveryLog"]
    began = time.monotonic()
    while time.monotonic() - began < SCHEDULE_SECONDS:
        pages = boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [event["message"] for page in pages for event in page["events"]]
        passes = [line for line in lines if '"target":"hb_http::schedule"' in line]
        if passes:
            assert all('"failed":0' in line for line in passes), passes
            return
        time.sleep(1)
    sys.exit(f"no pass in the log of delivery after {SCHEDULE_SECONDS} s")


def refused_delivery(client):
    """Nothing is sent to a name that resolves to this machine, and the log of attempts says so."""
    endpoint = {"name": "loopback", "url": f"https://{LOOPBACK}/hook", "events": ["memory.created"]}
    made = client.expect(201, "POST", "/api/v1/webhooks", endpoint)
    path = f"/api/v1/webhooks/{made['id']}"
    tested = client.expect(200, "POST", f"{path}/test")
    assert not tested["delivered"] and "private or reserved address" in tested["error"], tested
    client.expect(201, "POST", "/api/v1/memories", {"content": "An event", "type": "semantic"})
    attempts = []
    began = time.monotonic()
    while not attempts:
        if time.monotonic() - began > ATTEMPT_SECONDS:
            sys.exit(f"no attempt in the log after {ATTEMPT_SECONDS} s")
        time.sleep(1)
        attempts = client.expect(200, "GET", f"{path}/deliveries?status=failed")["deliveries"]
    first = attempts[-1]
    assert (first["event"], first["attempt"], first["statusCode"]) == ("memory.created", 1, None), first
    assert "private or reserved address" in first["response"], first
    assert first["nextAttemptAt"] > first["at"], first
    client.expect(200, "DELETE", path)


def sign_in(url, link):
    """Follows a sign-in link, whose address is the gateway's own, at the emulator's address of it."""
    origin, query = link.split("/dashboard/sign-in?link=")
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
    base = urllib.parse.urlsplit(url).path

    def send(method, path, headers, body=None):
        connection.request(method, base + path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    form = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}
    status, headers, page = send("POST", "/dashboard/sign-in", form, f"link={query}")
    assert status == 303 and headers["Location"] == "/dashboard", (status, page)
    cookie = headers["Set-Cookie"]
    assert cookie.startswith("__Host-hb_session=") and "; Secure" in cookie, cookie
    status, _, page = send("GET", "/dashboard", {"Cookie": cookie.split(";")[0]})
    assert status == 200 and TENANT in page, (status, page)
    status, _, page = send("GET", "/dashboard", {})
    assert status == 303, (status, page)


def sizes(built):
    """What is uploaded, in bytes: each function's binary and its zip."""
    for binary in sorted(built.parent.glob("*/bootstrap")):
        archive = built.parent / f"{binary.parent.name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.write(binary, "bootstrap")
        print(f"   {binary.parent.name:20} {binary.stat().st_size:>12,} {archive.stat().st_size:>12,} zipped")
        archive.unlink()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tools", type=pathlib.Path, required=True, help="a venv with aws-sam-cli and cargo-lambda")
    arguments.add_argument("--emulator", type=pathlib.Path, required=True, help="a venv with ministack")
    arguments.add_argument("--architecture", default="x86_64", choices=["x86_64", "arm64"])
    arguments.add_argument("--build-only", action="store_true", help="stop after sam build")
    options = arguments.parse_args()
    if pathlib.Path(sys.prefix).resolve() != (ROOT / options.emulator).resolve():
        # The emulator's libraries are needed here too.
        python = ROOT / options.emulator / "bin/python"
        os.execve(python, [python, __file__, *sys.argv[1:]], os.environ)
    port = free_port()
    env = aws_environment(f"http://127.0.0.1:{port}")
    env["PATH"] = f"{(ROOT / options.tools / 'bin')}:{env['PATH']}"
    folder = ROOT / "target" / f"deploy-{options.architecture}"
    built = folder / "template.yaml"

    say(f"sam build for {options.architecture}")
    # The developer's profile, stripped: the same code and a quarter of an hour less.
    build = {**env, "SAM_BUILD_MODE": "debug", "CARGO_PROFILE_DEV_STRIP": "true"}
    architecture = f"Architecture={options.architecture}"
    run(["sam", "build", "--build-dir", folder, "--parameter-overrides", architecture], build)
    sizes(built)
    if options.build_only:
        return

    import boto3
    import smoke

    python = ROOT / options.emulator / "bin/python"
    own_hosts = with_own_hosts(folder)
    with emulator([*own_hosts, python, "-m", "ministack"], env, port, folder / "emulator.log") as process:
        os.environ.update({name: value for name, value in env.items() if name.startswith("AWS_")})
        say("sam deploy")
        began = time.monotonic()
        deploy = ["sam", "deploy", "--template-file", for_the_emulator(built)]
        config = ["--config-file", ROOT / "infra/samconfig.toml", "--config-env", "dev"]
        overrides = ["--parameter-overrides", architecture]
        done = subprocess.run([*deploy, *config, *overrides], cwd=ROOT, env=env, capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"sam deploy: exit {done.returncode}\n{done.stderr.decode()}{failures(boto3)}")
        print(f"   deployed in {time.monotonic() - began:.0f} s")
        api = make_routes(boto3, built)
        turn_on_ttl(boto3, built)

        say("the first tenant and key, by hb")
        stack = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        operator = folder / "operator.env"
        operator.write_text(outputs["OperatorEnvironment"], encoding="utf-8")
        run(["cargo", "build", "--quiet", "--workspace", "--bin", "hb"], env)
        hb = [ROOT / "target/debug/hb", "--env-file", operator]
        print(run([*hb, "doctor"], env))
        run([*hb, "tenant", "create", TENANT, "--plan", "free"], env)
        key = json.loads(run([*hb, "--json", "key", "create", TENANT], env))["plainKey"]

        say("smoke test (streams are delivered; the emulator delivers no failed record again)")
        url = f"{env['AWS_ENDPOINT_URL']}/_aws/execute-api/{api}/$default"
        run([sys.executable, HERE / "smoke.py"], {**env, "API_URL": url, "API_KEY": key}, capture_output=False)
        say("signing in to the dashboard by a link of hb")
        # The address that the emulator's gateway names in its events, which its template has not.
        named = f"https://{api}.execute-api.localhost"
        sign_in(url, json.loads(run([*hb, "--json", "dashboard-link", TENANT, "--url", named], env))["url"])
        if own_hosts:
            say("a webhook to a name that resolves to this machine")
            refused_delivery(smoke.Client(url, key))
        else:
            say("no mount namespaces here: no name resolves to this machine, and no webhook to one is tried")
        say("a pass of the schedule")
        wait_for_a_pass(boto3)
        found = beyond_loopback(process.pid)
        assert not found, f"something listens beyond loopback: {found}"

        say("sam delete")
        gone = resources(boto3.client("cloudformation"))
        run(["sam", "delete", *config, "--no-prompts"], env)
        functions = {function["FunctionName"] for function in boto3.client("lambda").list_functions()["Functions"]}
        left = functions & set(gone.values())
        assert not left, f"sam delete left {left}"
        tables = boto3.client("dynamodb").list_tables()["TableNames"]
        assert gone["Memories"] in tables, "the tables, with all that is in them, stay when the stack goes"
    say("done")


if __name__ == "__main__":
    main()
