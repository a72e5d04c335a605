"""``python -m alerts.carrier.simulator --port 8001``: the account of TWILIO_… in the environment."""

from __future__ import annotations

import argparse
import os

import uvicorn

from alerts.carrier.simulator.app import Simulator, create_app
from alerts.carrier.simulator.keywords import DEFAULT
from alerts.carrier.simulator.messages import SimulatorConfig


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="A Twilio on loopback, with a page of phones at /phones")
    parser.add_argument("--port", type=int, default=8001)
    port = parser.parse_args().port
    numbers = tuple(
        part.strip() for part in os.environ.get("TWILIO_FROM_NUMBERS", "").split(",") if part.strip()
    )
    config = SimulatorConfig(
        account_sid=os.environ["TWILIO_ACCOUNT_SID"],
        auth_token=os.environ["TWILIO_AUTH_TOKEN"],
        numbers=numbers or ("+19095550100",),
        messaging_service_sid=os.environ.get("TWILIO_MESSAGING_SERVICE_SID") or None,
        inbound_url=os.environ["PUBLIC_URL"].rstrip("/") + "/twilio/inbound",
        opt_out=os.environ.get("TWILIO_OPT_OUT") or DEFAULT,
    )
    app = create_app(Simulator(config))
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )


if __name__ == "__main__":
    main()
