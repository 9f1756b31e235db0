"""`hq` where only HyperQueue's package of PyPI is, which has its server and worker and no program.

`hq.py serve DIR` runs both until its input ends. Otherwise it does of `hq`, version 0.26.2, what rnetc asks
for, in hq's own words of JSON: `submit --output-mode=json SCRIPT` with the script's directives, `job list`
and `job info IDS`. The package's worker knows of no memory, so that `--resource` is left out.
"""

import json
import os
import pathlib
import sys

from hyperqueue import LocalCluster
from hyperqueue.cluster import WorkerConfig
from hyperqueue.ffi.client import ClientConnection
from hyperqueue.ffi.protocol import JobDescription, ResourceRequest, TaskDescription
from hyperqueue.output import StdioDef


def serve(folder):
    cluster = LocalCluster(folder, WorkerConfig(cores=4))
    pathlib.Path(folder, "serving").touch()
    sys.stdin.read()
    cluster.stop()


def directives(script):
    lines = [line.split()[1:] for line in script.read_text().splitlines() if line.startswith("#HQ ")]
    told = [word.split("=", 1) for line in lines for word in line if word.startswith("--") and "=" in word]
    return {name: value for name, value in told}


def submit(server, script):
    told = directives(script)
    known = {"--name", "--array", "--cpus", "--crash-limit", "--stdout", "--stderr"}
    assert set(told) == known, told
    first, last = map(int, told["--array"].split("-"))
    path, _, on_close = told["--stderr"].partition(":")
    assert (told["--stdout"], on_close) == ("none", "rm-if-finished"), told
    args = ["/bin/bash", str(script)]

    def task(number):
        return TaskDescription(
            id=number,
            args=args,
            cwd=os.getcwd(),
            stdout=None,
            stderr=StdioDef(path.replace("%{TASK_ID}", str(number)), on_close),
            stdin=None,
            env={},
            dependencies=[],
            task_dir=False,
            priority=0,
            resource_request=[ResourceRequest(cpus=int(told["--cpus"]))],
            crash_limit=int(told["--crash-limit"]),
        )

    tasks = [task(number) for number in range(first, last + 1)]
    client = ClientConnection(str(server))
    job = client.submit_job(JobDescription(name=told["--name"], tasks=tasks, max_fails=None))
    (server / f"job-{job}.json").write_text(json.dumps({"args": args, "tasks": len(tasks)}))
    return {"id": job}


class Seen(Exception):
    pass


def is_completed(client, job):
    seen = {}

    def look(jobs):
        seen.update(jobs)
        raise Seen

    try:
        client.wait_for_jobs([job], look)
    except Seen:
        pass
    return not seen or seen[job]["completed"]


def jobs(server):
    known = sorted(int(path.stem.split("-")[1]) for path in server.glob("job-*.json"))
    client = ClientConnection(str(server))
    return [job for job in known if not is_completed(client, job)]


def info(server, job):
    known = json.loads((server / f"job-{job}.json").read_text())
    # Which of its tasks are through, the package does not say.
    tasks = [{"id": number, "state": "running"} for number in range(known["tasks"])]
    return {
        "info": {"id": job, "is_open": False},
        "submits": [{"array": {"program": {"args": known["args"]}}}],
        "tasks": tasks,
    }


def main():
    words = sys.argv[1:]
    if words[0] == "serve":
        return serve(words[1])
    server = pathlib.Path(os.environ["HQ_SERVER_DIR"])
    assert "--output-mode=json" in words, words
    match [word for word in words if word != "--output-mode=json"]:
        case ["submit", script]:
            said = submit(server, pathlib.Path(script))
        case ["job", "list"]:
            said = [{"id": job} for job in jobs(server)]
        case ["job", "info", numbers]:
            said = [info(server, int(job)) for job in numbers.split(",")]
        case other:
            sys.exit(f"error: unrecognized subcommand {other}")
    print(json.dumps(said, indent=2))


main()
