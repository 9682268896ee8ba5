"""Starts the service, orders four runs over HTTP, shows their progress and tells what ails each."""

import sys

from rich.console import Console

from app.demo.client import ClinicClient
from app.demo.orders import orders, sunspots_csv
from app.demo.report import tell, watch
from app.demo.service import Service, service


def main() -> None:
    console = Console()
    console.print("Starting PostgreSQL, the broker, the API and a worker ...")
    with service() as running:
        console.print(
            f"The service answers at {running.address} (its API page: {running.address}/docs)\n"
            f"API key: {running.key}",
            highlight=False,
        )
        with ClinicClient.connect(running.address, key=running.key) as client:
            _tell_the_story(console, client)
        _say_goodbye(console, running)


def _tell_the_story(console: Console, client: ClinicClient) -> None:
    dataset_id = client.upload_csv("sunspots", sunspots_csv())
    runs = [(order, client.post_run(order.body)) for order in orders(dataset_id)]
    ended = watch(console, client, runs)
    for order, run_id in runs:
        tell(console, order, ended[run_id], client.diagnosis(run_id))


def _say_goodbye(console: Console, running: Service) -> None:
    console.rule()
    console.print(
        f"The API page: {running.address}/docs\n"
        "`make serve` keeps the service, with these runs and this key.",
        highlight=False,
    )
    if running.is_ours and sys.stdin.isatty():
        console.input("Press Enter to stop the service. ")


if __name__ == "__main__":
    main()
