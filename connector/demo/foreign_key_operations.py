"""The ForeignApp operations: apps, devices, keys, and finding a record by its key."""

from collections.abc import Iterable

from connector.demo import people
from connector.demo.bodies import bad, json_object, text_in
from connector.demo.columns import stamp
from connector.demo.entities import associate
from connector.demo.foreign_keys import TABLES, ForeignApp, ForeignDevice, ForeignKey, ForeignKeys
from connector.demo.lists import NO_RIGHTS, JsonObject
from connector.demo.routing import Route, one
from connector.demo.serving import ApiError, Reply, Request, json_reply
from connector.demo.store import Store
from connector.demo.story import Story

_APP = "/ForeignApp/{applicationName}"
_DEVICE = f"{_APP}/{{deviceName}}/{{deviceIdentifier}}"


class ForeignKeyOperations:
    """What one can do with foreign keys. All of it is harmless: the keys belong to the app that asks."""

    def __init__(self, story: Story, store: Store) -> None:
        self.story = story
        self.store = store
        self.keys = ForeignKeys(store.database)

    def routes(self) -> Iterable[Route]:
        yield Route("POST", "/ForeignApp/{appName}", self._add_app)
        yield Route("POST", _DEVICE, self._add_device)
        yield Route("POST", f"{_DEVICE}/Key", self._add_key)
        # The parameter is called differently, depending on whether the device is told apart.
        yield Route("GET", f"{_DEVICE}/Key/{{keyName}}/{{tableName}}", self._find_on_device)
        yield Route("GET", f"{_APP}/{{deviceName}}/Key/{{keyName}}/{{tableName}}", self._find_anywhere)
        yield Route("GET", "/Document/{id}/ForeignKey", self._of_document)
        yield Route("GET", "/Sale/{id}/ForeignKey", self._of_sale)

    def _add_app(self, request: Request, name: str) -> Reply:
        app = self.keys.add_app(name, request.user.associate_id)
        return json_reply(_app_carrier(app, self.keys.devices(app)))

    def _add_device(self, request: Request, _: str) -> Reply:
        app_name, name, identifier = request.values
        return json_reply(
            _device_carrier(
                self.keys.add_device(self._app(app_name), name, identifier, request.user.associate_id)
            )
        )

    def _add_key(self, request: Request, _: str) -> Reply:
        device = self._device(*request.values)
        body = json_object(request)
        record_id, value = body.get("RecordId"), text_in(body, "Value")
        if isinstance(record_id, bool) or not isinstance(record_id, int) or record_id < 1 or not value:
            raise bad("A foreign key needs a RecordId and a Value")
        key = self.keys.set_key(
            device,
            name=text_in(body, "Key"),
            value=value,
            table_name=_table(text_in(body, "TableName")),
            record_id=record_id,
            user_id=request.user.associate_id,
        )
        return json_reply(_key_carrier(key))

    def _find_on_device(self, request: Request, _: str) -> Reply:
        app_name, device_name, identifier, name, table = request.values
        return self._found(request.option("Value"), app_name, device_name, name, table, identifier=identifier)

    def _find_anywhere(self, request: Request, _: str) -> Reply:
        app_name, device_name, name, table = request.values
        return self._found(request.option("keyValue"), app_name, device_name, name, table)

    def _found(
        self, value: str, app_name: str, device_name: str, name: str, table: str, *, identifier: str = ""
    ) -> Reply:
        if not value:
            raise bad("The value of the key is missing")
        wanted = [app_name.lower(), device_name.lower(), name.lower(), _table(table), value]
        for key in self.keys.all():
            names = [
                key.app_name.lower(),
                key.device_name.lower(),
                key.name.lower(),
                key.table_name,
                key.value,
            ]
            if names == wanted and identifier.lower() in ("", key.device_identifier.lower()):
                return json_reply(_key_carrier(key))
        return json_reply(None)

    def _of_document(self, request: Request, key: str) -> Reply:
        one({card.document_id: card for card in self.store.documents()}, key, "Document")
        return self._of("document", int(key))

    def _of_sale(self, request: Request, key: str) -> Reply:
        one(self.story.sales, key, "Sale")
        return self._of("sale", int(key))

    def _of(self, table: str, record_id: int) -> Reply:
        found = self.keys.of_record(table, record_id)
        return json_reply({f"{key.app_name}.{key.device_name}.{key.name}": key.value for key in found})

    def _app(self, name: str) -> ForeignApp:
        app = self.keys.app(name)
        if app is None:
            raise ApiError(404, "SoNotFoundException", f"Foreign app '{name}' not found")
        return app

    def _device(self, app_name: str, name: str, identifier: str) -> ForeignDevice:
        for device in self.keys.devices(self._app(app_name)):
            if (device.name.lower(), device.identifier.lower()) == (name.lower(), identifier.lower()):
                return device
        raise ApiError(404, "SoNotFoundException", f"Foreign device '{name}' not found")


def _table(name: str) -> str:
    if name.lower() not in TABLES:
        raise bad(f"Table '{name}' is not known")
    return name.lower()


def _app_carrier(app: ForeignApp, devices: list[ForeignDevice]) -> JsonObject:
    user = associate(people.USERS[app.user_id])
    return {
        "ForeignAppId": app.app_id, "Name": app.name, "CreatedDate": stamp(app.created_at),
        "UpdatedDate": stamp(app.created_at), "CreatedBy": user, "UpdatedBy": user,
        "Devices": [_device_carrier(device) for device in devices],
    } | NO_RIGHTS  # fmt: skip


def _device_carrier(device: ForeignDevice) -> JsonObject:
    user = people.USERS[device.user_id]
    return {
        "ForeignDeviceId": device.device_id, "Name": device.name, "CreatedDate": stamp(device.created_at),
        "UpdatedDate": stamp(device.created_at), "AssociateFullName": user.full_name, "CreatedBy": user.full_name,
        "UpdatedBy": user.full_name, "DeviceIdentifier": device.identifier, "ForeignAppId": device.app_id,
    } | NO_RIGHTS  # fmt: skip


def _key_carrier(key: ForeignKey) -> JsonObject:
    user = people.USERS[key.user_id].full_name
    return {
        "Key": key.name, "Value": key.value, "RecordId": key.record_id, "CreatedDate": stamp(key.created_at),
        "UpdatedDate": stamp(key.updated_at), "UpdatedBy": user, "CreatedBy": user, "TableName": key.table_name,
    } | NO_RIGHTS  # fmt: skip
