"""A fake Terraform provider: real schemas, no cloud, no network, invented computed values.

With it the real binary validates, plans and applies offline. One process serves all providers; the binary finds them by
``TF_REATTACH_PROVIDERS``, the way providers are debugged, so nothing is installed and `terraform init` loads nothing.

What it knows of the real ones: the schemas, and which attributes replace a resource when they change. What it does not
know: allowed values, rules between attributes, what the cloud refuses, and replacement on other conditions.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc  # type: ignore[import-untyped]
import msgpack  # type: ignore[import-untyped]
from tf.gen import grpc_controller_pb2 as controller_pb  # type: ignore[import-untyped]
from tf.gen import grpc_controller_pb2_grpc as controller_rpc
from tf.gen import grpc_stdio_pb2_grpc as stdio_rpc
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

from .schema import Attribute, Block, Kind, Provider, load

State = dict[str, Any]

CTY: dict[Kind, bytes] = {
    "string": b'"string"',
    "number": b'"number"',
    "bool": b'"bool"',
    "list": b'["list","string"]',
    "map": b'["map","string"]',
    "records": b'["list",["object",{"value":"string"}]]',
    "any": b'"string"',
}
UNKNOWN = msgpack.ExtType(0, b"\0")
# Terraform and OpenTofu each use their own registry's host name.
REGISTRIES = ("registry.terraform.io", "registry.opentofu.org")


@contextlib.contextmanager
def serving() -> Iterator[dict[str, str]]:
    """Serve all providers; gives the environment with which the binary uses them."""
    found: dict[str, Any] = {}
    servers = []
    with tempfile.TemporaryDirectory(prefix="providers-") as folder:
        for name, provider in load().items():
            server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
            rpc.add_ProviderServicer_to_server(Servicer(name, provider), server)
            controller_rpc.add_GRPCControllerServicer_to_server(_Controller(), server)
            stdio_rpc.add_GRPCStdioServicer_to_server(_Stdio(), server)
            socket = f"{folder}/{name}.sock"
            server.add_insecure_port(f"unix://{socket}")
            server.start()
            servers.append(server)
            entry = {
                "Protocol": "grpc",
                "ProtocolVersion": 6,
                "Pid": os.getpid(),
                "Test": True,
                "Addr": {"Network": "unix", "String": socket},
            }
            found |= {f"{registry}/{provider.source}": entry for registry in REGISTRIES}
        try:
            yield {"TF_REATTACH_PROVIDERS": json.dumps(found)}
        finally:
            for server in servers:
                server.stop(grace=None).wait()


class _Controller(controller_rpc.GRPCControllerServicer):  # type: ignore[misc]  # generated code without types
    def Shutdown(self, _request: Any, _context: Any) -> Any:
        """The binary asks for it after each command; the next command needs the provider again."""
        return controller_pb.Empty()


class _Stdio(stdio_rpc.GRPCStdioServicer):  # type: ignore[misc]  # generated code without types
    def StreamStdio(self, _request: Any, _context: Any) -> Iterator[Any]:
        return iter(())


def _decode(value: Any) -> State | None:
    decoded: State | None = (
        json.loads(value.json)
        if value.json
        else msgpack.unpackb(value.msgpack, ext_hook=msgpack.ExtType, strict_map_key=False)
    )
    return decoded


def _encode(value: State | None) -> Any:
    return pb.DynamicValue(msgpack=msgpack.packb(value))


def _protocol_block(block: Block) -> Any:
    return pb.Schema.Block(
        version=0,
        attributes=[
            pb.Schema.Attribute(
                name=name,
                type=CTY[attribute.kind],
                required=attribute.mode == "required",
                optional=attribute.mode == "optional",
                computed=attribute.mode == "computed",
            )
            for name, attribute in block.attributes.items()
        ],
        block_types=[
            pb.Schema.NestedBlock(
                type_name=name,
                block=_protocol_block(nested),
                nesting=pb.Schema.NestedBlock.LIST,
                min_items=nested.minimum,
                max_items=nested.maximum,
            )
            for name, nested in block.blocks.items()
        ],
    )


def _protocol_schema(block: Block) -> Any:
    return pb.Schema(version=0, block=_protocol_block(block))


def _invent(provider: str, resource: str, name: str, attribute: Attribute, known: State) -> object:
    """A computed value, deterministic for each resource."""
    seed = json.dumps([resource, name, known], default=str, sort_keys=True).encode()
    number = int(hashlib.sha256(seed).hexdigest()[:8], 16)
    match attribute.kind:
        case "number":
            return number % 1_000_000
        case "bool":
            return False
        case "list":
            return []
        case "map":
            return {}
    if name == "id":  # Hetzner's ids are strings of digits, and are used as numbers
        return str(number) if provider == "hcloud" else f"/subscriptions/0/{resource}/{number}"
    if name in ("ipv4", "ipv4_address", "ip_address"):
        return f"192.0.2.{1 + number % 250}"
    account = known.get("custom_subdomain_name")
    if name == "endpoint" and account:
        return f"https://{account}.openai.azure.com/"
    if name == "primary_access_key":
        return f"stand-in-key-of-{account}"
    return f"stand-in-{name}"


def _replacing(block: Block, prior: State, proposed: State, path: tuple[str | int, ...] = ()) -> Iterator[Any]:
    """The paths of changed attributes that replace the resource."""
    for name, attribute in block.attributes.items():
        if attribute.replaces and prior.get(name) != proposed.get(name):
            yield _path((*path, name))
    for name, nested in block.blocks.items():
        pairs = zip(prior.get(name) or [], proposed.get(name) or [], strict=False)
        for index, (before, after) in enumerate(pairs):
            yield from _replacing(nested, before, after, (*path, name, index))


def _path(steps: tuple[str | int, ...]) -> Any:
    step = pb.AttributePath.Step
    return pb.AttributePath(
        steps=[step(attribute_name=one) if isinstance(one, str) else step(element_key_int=one) for one in steps]
    )


class Servicer(rpc.ProviderServicer):  # type: ignore[misc]  # generated code without types
    """The calls that Terraform makes; method names and arguments are the protocol's."""

    def __init__(self, name: str, provider: Provider) -> None:
        self._name = name
        self._configuration = provider.configuration
        self._resources = provider.resources

    def GetMetadata(self, _request: Any, _context: Any) -> Any:
        return pb.GetMetadata.Response(
            server_capabilities=pb.ServerCapabilities(plan_destroy=False),
            resources=[pb.GetMetadata.ResourceMetadata(type_name=name) for name in self._resources],
        )

    def GetProviderSchema(self, _request: Any, _context: Any) -> Any:
        return pb.GetProviderSchema.Response(
            provider=_protocol_schema(self._configuration),
            resource_schemas={name: _protocol_schema(body) for name, body in self._resources.items()},
        )

    def ValidateProviderConfig(self, _request: Any, _context: Any) -> Any:
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, _request: Any, _context: Any) -> Any:
        return pb.ValidateResourceConfig.Response()

    def ConfigureProvider(self, _request: Any, _context: Any) -> Any:
        return pb.ConfigureProvider.Response()

    def StopProvider(self, _request: Any, _context: Any) -> Any:
        return pb.StopProvider.Response()

    def UpgradeResourceState(self, request: Any, _context: Any) -> Any:
        state = _encode(json.loads(request.raw_state.json))
        return pb.UpgradeResourceState.Response(upgraded_state=state)

    def ReadResource(self, request: Any, _context: Any) -> Any:
        return pb.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, _context: Any) -> Any:
        prior, proposed = _decode(request.prior_state), _decode(request.proposed_new_state)
        block = self._resources[request.type_name]
        if proposed is None:
            return pb.PlanResourceChange.Response(planned_state=_encode(None))
        if prior is None:
            for name, attribute in block.attributes.items():
                if attribute.mode == "computed" and proposed.get(name) is None:
                    proposed[name] = UNKNOWN
            return pb.PlanResourceChange.Response(planned_state=_encode(proposed))
        replacing = list(_replacing(block, prior, proposed))
        return pb.PlanResourceChange.Response(planned_state=_encode(proposed), requires_replace=replacing)

    def ApplyResourceChange(self, request: Any, _context: Any) -> Any:
        planned = _decode(request.planned_state)
        if planned is None:
            return pb.ApplyResourceChange.Response(new_state=_encode(None))
        attributes = self._resources[request.type_name].attributes
        known = {key: value for key, value in planned.items() if not isinstance(value, msgpack.ExtType)}
        unknown = {
            key: _invent(self._name, request.type_name, key, attributes[key], known)
            for key, value in planned.items()
            if isinstance(value, msgpack.ExtType)
        }
        return pb.ApplyResourceChange.Response(new_state=_encode({**known, **unknown}))
