"""Where a container's log goes, by its task definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.ecs.logroutes import began, label, routes
from backends.logs.streams import Stream

TASK_ID = "1f2e3d4c5b6a79880123456789abcdef"
ARN = f"arn:aws:ecs:eu-west-1:111122223333:task/prod/{TASK_ID}"


def definition(*containers: dict) -> dict:
    return {"containerDefinitions": list(containers)}


def container(name: str = "app", driver: str = "", secrets: tuple = (), **options: str) -> dict:
    if not driver:
        return {"name": name}
    logs = {"logDriver": driver, "options": options, "secretOptions": list(secrets)}
    return {"name": name, "logConfiguration": logs}


def task(launch: str = "FARGATE", **more: object) -> dict:
    return {
        "taskArn": ARN,
        "launchType": launch,
        "createdAt": 1000.0,
        "startedAt": 1010.0,
        "containers": [{"name": "app", "runtimeId": "d0c4e2"}],
        **more,
    }


def awslogs(name: str = "app", **options: str) -> dict:
    given_ = {"awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", **options}
    return container(name, "awslogs", **given_)


names = st.text(st.characters(categories=("Ll", "Nd"), include_characters="-_"), min_size=1)
words = st.text("abcdefghijklmnop/-", min_size=1, max_size=20)


@given(names, words, words, st.text("0123456789abcdef", min_size=8, max_size=36))
def test_awslogs_with_a_prefix_is_prefix_container_task(name, prefix, group, identity):
    options = {"awslogs-group": group, "awslogs-stream-prefix": prefix}
    made = task(taskArn=f"arn:aws:ecs:eu-west-1:111122223333:task/prod/{identity}")
    (route,) = routes(definition(awslogs(name, **options)), made)
    assert route.stream == Stream(
        group=group,
        region="us-east-1",
        stream=f"{prefix}/{name}/{identity}",
        source=identity[:6],
        begins=1000.0,
    )
    assert route.note == ""


def test_awslogs_without_a_prefix_is_the_docker_id():
    (route,) = routes(definition(awslogs()), task("EC2"))
    assert route.stream is not None
    assert route.stream.stream == "d0c4e2"


def test_awslogs_without_a_region_is_where_the_task_is():
    spec = container(driver="awslogs", **{"awslogs-group": "g", "awslogs-stream-prefix": "p"})
    (route,) = routes(definition(spec), task())
    assert route.stream is not None
    assert route.stream.region == "eu-west-1"


@pytest.mark.parametrize(
    "made",
    [
        task(startedAt=None, containers=[]),
        task(startedAt=None, containers=[{"name": "app"}], lastStatus="PENDING"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"awslogs-stream-prefix": "ecs"}])
def test_before_a_container_is_made_there_is_neither_stream_nor_note(made, options):
    assert not began(made)
    (route,) = routes(definition(awslogs(**options)), made)
    assert (route.stream, route.note) == (None, "")


def test_labels_name_the_container_only_where_there_are_several():
    assert label(definition(container()), task(), "app") == "1f2e3d"
    assert label(definition(container(), container("proxy")), task(), "app") == "app/1f2e3d"


def test_one_container_can_be_asked_for():
    both = definition(awslogs("app"), awslogs("proxy"))
    assert [route.container for route in routes(both, task())] == ["app", "proxy"]
    assert [route.container for route in routes(both, task(), "proxy")] == ["proxy"]


@pytest.mark.parametrize(
    ("spec", "launch", "said"),
    [
        (container(driver="none"), "EC2", "nothing is kept"),
        (container(), "FARGATE", "no log configuration"),
        (container(), "EC2", "stays on the container instance, kept by Docker's default driver"),
        (container(driver="json-file"), "EC2", "kept by the json-file driver"),
        (container(driver="splunk", **{"splunk-url": "https://s:8088"}), "EC2",
         "its log goes to splunk (splunk-url https://s:8088)"),
        (container(driver="fluentd", **{"fluentd-address": "10.0.0.1:24224"}), "EC2",
         "fluentd (fluentd-address 10.0.0.1:24224)"),
        (container(driver="awsfirelens", Name="opensearch", Host="logs.internal"), "FARGATE",
         "goes through FireLens to opensearch, Host logs.internal"),
        (container(driver="awsfirelens"), "FARGATE", "where the log router's configuration says"),
        (container(driver="acme-driver", target="x"), "EC2", "its log goes to acme-driver"),
        (container(driver="awslogs"), "FARGATE", "name no awslogs-group"),
    ],
)  # fmt: skip
def test_other_drivers_are_told_of(spec, launch, said):
    (route,) = routes(definition(spec), task(launch))
    assert route.stream is None
    assert route.note.startswith("app: ")
    assert said in route.note


SECRET = "s3cr3tvalue"
drivers = st.sampled_from(
    ["awsfirelens", "splunk", "fluentd", "gelf", "syslog", "logentries", "acme"]
)
keys = st.sampled_from(
    ["splunk-token", "logentries-token", "apikey", "api_key", "Password", "HTTP_Passwd", "x"]
)


@given(drivers, keys)
def test_no_secret_option_is_told(driver, key):
    options = {key: SECRET, "splunk-url": f"https://user:{SECRET}@splunk:8088/x?token={SECRET}"}
    options |= {"Host": f"http://{SECRET}@logs", "fluentd-address": f"tcp://a:{SECRET}@b"}
    options["Index"] = f"token={SECRET}"
    secrets = ({"name": "splunk-token", "valueFrom": f"arn:{SECRET}"},)
    (route,) = routes(definition(container(driver=driver, secrets=secrets, **options)), task())
    assert SECRET not in route.note


@given(st.text(max_size=40), st.text(max_size=40))
def test_options_from_outside_are_cleaned_and_break_nothing(host, index):
    spec = container(driver="awsfirelens", Name="es", Host=host, Index=index)
    (route,) = routes(definition(spec), task())
    assert route.note.isprintable() or not any(c in route.note for c in "\x1b\n\r\x9b\x00")
