"""A mail server for tests, of aiosmtpd: MAILDIR OPTIONS, where the options are JSON. Says `ready` when it listens."""

import asyncio
import json
import ssl
import sys

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import AuthResult

maildir, options = sys.argv[1], json.loads(sys.argv[2])


class Refusing(Mailbox):
    """Takes no mail for whoever is called `refused`, and none now for whoever is called `later`."""

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused@"):
            return "550 5.1.1 there is no such mailbox"
        if address.startswith("later@"):
            return "450 4.2.1 the mailbox is busy"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


def context():
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(options["certificate"], options["key"])
    return made


def settings():
    made = {}
    if options.get("tls") == "starttls":
        made |= {"tls_context": context(), "require_starttls": True}
    if options.get("tls") == "tls":
        made |= {"ssl_context": context()}
    if "user" in options:
        with open(options["passwordFile"], encoding="utf-8") as file:
            password = file.readline().rstrip("\n")

        def authenticator(server, session, envelope, mechanism, data):
            given = (data.login.decode(), data.password.decode())
            return AuthResult(success=given == (options["user"], password), handled=False)

        made |= {"authenticator": authenticator, "auth_required": True}
    return made


async def main():
    controller = UnthreadedController(
        Refusing(maildir),
        hostname="127.0.0.1",
        port=options["port"],
        loop=asyncio.get_running_loop(),
        **settings(),
    )
    controller.server = await controller._create_server()
    print("ready", flush=True)
    await controller.server.serve_forever()


asyncio.run(main())
