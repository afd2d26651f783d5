"""The mail of an invitation outlives the process that was to send it."""

from pathlib import Path

from tests.support.api import API, PASSWORD
from tests.support.inbox import until
from tests.support.mail import Mailbox, running_mailbox, text_of
from tests.support.server import Server

GRACE = "grace@example.test"


async def test_a_killed_server_loses_no_mail(environment: dict[str, str], tmp_path: Path) -> None:
    mailbox = Mailbox()
    environment |= {
        "ROOMFUL_SMTP_URL": mailbox.url,
        "ROOMFUL_MAIL_FROM": "Board <board@example.test>",
        "ROOMFUL_PUBLIC_URL": "https://board.example.test",
    }
    async with Server(tmp_path, environment) as server:
        ada = await server.api.register("ada", "Lovelace")
        project = await ada.create_project()
        made = await ada.post(f"{project.path}/invitations", {"role": "viewer", "email": GRACE})
        link = made["url"].rpartition("/")[2]
        await server.kill()
        server.environment["ROOMFUL_REGISTRATION"] = "invited"
        with running_mailbox(mailbox):
            await server.start()

            async def has_come() -> bool:
                return bool(mailbox.mails)

            await until(has_come)
            assert made["url"] in text_of(mailbox.mails[0])

            body = {"email": GRACE, "name": "Grace Hopper", "password": PASSWORD}
            refused = await server.api.http.post(f"{API}/auth/register", json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
            registered = await server.api.http.post(f"{API}/auth/register", json={**body, "invitation": link})
            assert registered.status_code == 201
            headers = {"Authorization": f"Bearer {registered.json()['access_token']}"}
            [mine] = (await server.api.http.get(f"{API}/projects", headers=headers)).json()
            assert (mine["id"], mine["role"]) == (project.id, "viewer")
        assert link not in server.log
