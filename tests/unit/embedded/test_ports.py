"""Which ports a cluster takes."""

import socket
from collections.abc import Iterator

import pytest

from embedded.errors import PortTakenError
from embedded.ports import PortClaims, choose_ports
from embedded.server import free_port, port_is_free


@pytest.fixture
def claims() -> Iterator[PortClaims]:
    claims = PortClaims()
    yield claims
    claims.release()


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_every_service_has_a_port_of_its_own(claims: PortClaims) -> None:
    ports = choose_ports(claims, port=0, last={}, environ={})
    assert set(ports) == {"api", "flower", "metrics", "postgres", "valkey"}
    assert len(set(ports.values())) == 5


def test_a_second_cluster_takes_others_before_the_first_one_listens(claims: PortClaims) -> None:
    first = choose_ports(claims, port=0, last={}, environ={})
    others = PortClaims()
    second = choose_ports(others, port=0, last=first, environ={})
    others.release()
    assert not set(first.values()) & set(second.values())


def test_a_restart_keeps_its_ports(claims: PortClaims) -> None:
    last = {"postgres": free_port(), "valkey": free_port()}
    ports = choose_ports(claims, port=0, last=last, environ={})
    assert {name: ports[name] for name in last} == last


def test_the_option_wins_over_the_environment(claims: PortClaims) -> None:
    option = free_port()
    assert choose_ports(claims, port=option, last={}, environ={"COLLATERAL_PORT": "1"})["api"] == option


def test_a_taken_api_port_names_the_option(claims: PortClaims, taken: int) -> None:
    with pytest.raises(PortTakenError, match=f"Port {taken}") as caught:
        choose_ports(claims, port=taken, last={}, environ={})
    assert "--port" in caught.value.remedy


def test_a_port_that_was_asked_for_by_name_is_not_replaced(claims: PortClaims, taken: int) -> None:
    with pytest.raises(PortTakenError) as caught:
        choose_ports(claims, port=0, last={}, environ={"COLLATERAL_FLOWER_PORT": str(taken)})
    assert "COLLATERAL_FLOWER_PORT" in caught.value.remedy


def test_a_taken_port_is_not_free(taken: int) -> None:
    assert not port_is_free(taken)


def test_a_released_claim_can_be_taken_again(claims: PortClaims) -> None:
    port = free_port()
    assert claims.claim(port)
    assert not PortClaims().claim(port)
    claims.release()
    assert claims.claim(port)
