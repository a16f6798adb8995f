"""The demo tenant without the pauses that its answers to invented routes would cost: a 500 is asked again."""

from connector.demo.tenant import DemoTenant


def clear_faults(tenant: DemoTenant) -> None:
    """Everything works again, and invented routes answer 404."""
    tenant.faults.clear()
    for path in ("/Associate/Me", "/Shipment", "/Sale/1/Quotes", f"/Sale/{max(tenant.story.sales)}/Quotes"):
        tenant.faults.answer_status(path, 404, times=None, method="GET")
