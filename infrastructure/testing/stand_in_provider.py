"""A fake Terraform provider: real schemas, no cloud, no network, invented computed values.

With it the real binary does init, validate, plan, test and apply offline. `mirror.py` installs it under a provider's
name, which it learns from its file name. It speaks the plugin protocol by way of the `tf` package.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import tf.provider  # type: ignore[import-untyped]
import tf.runner  # type: ignore[import-untyped]
from tf.gen import tfplugin_pb2 as pb  # type: ignore[import-untyped]
from tf.gen import tfplugin_pb2_grpc as rpc

from .schema import Attribute, Block, Kind, load

State = dict[str, Any]

CTY: dict[Kind, bytes] = {
    "string": b'"string"',
    "number": b'"number"',
    "bool": b'"bool"',
    "list": b'["list","string"]',
    "map": b'["map","string"]',
    "any": b'"string"',
}
UNKNOWN = msgpack.ExtType(0, b"\0")

NAME = Path(sys.argv[0]).name.removeprefix("terraform-provider-").split("_")[0]


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


def _invent(resource: str, name: str, attribute: Attribute, known: State) -> object:
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
        return str(number) if NAME == "hcloud" else f"/subscriptions/0/{resource}/{number}"
    if name in ("ipv4", "ipv4_address", "ip_address"):
        return f"192.0.2.{1 + number % 250}"
    return f"stand-in-{name}"


class Servicer(rpc.ProviderServicer):  # type: ignore[misc]  # generated code without types
    """The calls that Terraform makes; method names and arguments are the protocol's."""

    def __init__(self, _provider: object) -> None:
        provider = load()[NAME]
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
        if proposed is not None and prior is None:
            for name, attribute in self._resources[request.type_name].attributes.items():
                if attribute.mode == "computed" and proposed.get(name) is None:
                    proposed[name] = UNKNOWN
        return pb.PlanResourceChange.Response(planned_state=_encode(proposed))

    def ApplyResourceChange(self, request: Any, _context: Any) -> Any:
        planned = _decode(request.planned_state)
        if planned is None:
            return pb.ApplyResourceChange.Response(new_state=_encode(None))
        attributes = self._resources[request.type_name].attributes
        known = {key: value for key, value in planned.items() if not isinstance(value, msgpack.ExtType)}
        unknown = {
            key: _invent(request.type_name, key, attributes[key], known)
            for key, value in planned.items()
            if isinstance(value, msgpack.ExtType)
        }
        return pb.ApplyResourceChange.Response(new_state=_encode({**known, **unknown}))


def main() -> None:
    tf.provider.ProviderServicer = Servicer
    tf.runner.run_provider(None)


if __name__ == "__main__":
    main()
