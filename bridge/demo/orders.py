"""A small book of orders."""

import logging
import re

ORDERS = {
    "1859": "delivered",
    "4711": "on its way, and comes tomorrow",
    "5203": "waiting for its payment",
}

logger = logging.getLogger(__name__)


def find_order(number: str) -> dict[str, str]:
    """Find an order by its number, and tell its state."""
    digits = re.sub(r"\D", "", number)
    state = ORDERS.get(digits)
    if state is None:
        logger.info("find_order: no such order")
        return {"error": f"There is no order {' '.join(digits)}."}
    logger.info("find_order: %s", state)
    return {"number": " ".join(digits), "state": state}
