"""E-mail over SMTP, taken once whatever is killed; the plan of who is told what."""

import email
import email.policy
import json
import queue
import socketserver
import threading

import pytest

from notified import PRIVATE, WAIT_S, address, contact, deliveries, label, publish, start, subscribe, until


# SMTP


class MailServer:
    """Takes mail by RFC 5321, as far as a client that behaves needs it; `answer` is to the whole message."""

    def __init__(self):
        self.messages = queue.Queue()
        self.answer = lambda message: "250 taken"
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def data(self):
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    assert line.endswith(b"\r\n"), line
                    lines.append(line[1:] if line.startswith(b".") else line)
                return b"".join(lines)

            def handle(self):
                self.say("220 here")
                sender = recipient = None
                while line := self.rfile.readline().decode().strip():
                    word = line.upper()
                    if word.startswith("MAIL FROM:"):
                        sender = line[10:]
                    elif word.startswith("RCPT TO:"):
                        recipient = line[8:]
                    elif word == "DATA":
                        message = email.message_from_bytes(self.data(), policy=email.policy.default)
                        message.envelope = (sender.split()[0], recipient)
                        answer = outer.answer(message)
                        outer.messages.put(message)
                        if answer is None:
                            return
                        self.say(answer)
                        continue
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    self.say("250 yes")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def options(self):
        return ("--mail.transport", "smtp", "--mail.smtp_url", f"smtp://127.0.0.1:{self.server.server_address[1]}",
                "--mail.sender", "pia@example.org")

    def get(self):
        return self.messages.get(timeout=WAIT_S)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mail_server():
    server = MailServer()
    yield server
    server.close()


def test_smtp_takes_tries_again_and_refuses(pia, mail_server):
    answers = iter(["451 later", "250 taken", "550 nobody here"])
    mail_server.answer = lambda message: next(answers)
    start(pia, *mail_server.options())
    label(pia)
    to = address()
    one = contact(pia, channel="email", address=to)["id"]
    subscribe(pia, one, kinds=["formation"])
    publish(pia, title=".Point en tête", summary=".Une ligne\n.\nune autre")
    first, second = mail_server.get(), mail_server.get()
    assert first["Message-ID"] == second["Message-ID"], "a repeat is known as one"
    assert first.as_bytes() == second.as_bytes()
    assert second.envelope == ("<pia@example.org>", f"<{to}>")
    assert "\n.Une ligne\n.\nune autre\n" in second.get_content().replace("\r\n", "\n")
    sent = until(lambda: deliveries(pia, one, "sent"), "it is recorded")
    assert sent[0]["attempts"] == 2
    publish(pia, title="Refusée")
    mail_server.get()
    failed = until(lambda: deliveries(pia, one, "failed"), "the refusal is recorded")
    assert failed[0]["problem"] == "SMTP 550" and failed[0]["attempts"] == 1


def test_a_kill_after_smtp_has_taken_repeats_under_the_same_message_id(pia, mail_server):
    process = start(pia, *mail_server.options())
    killed = threading.Event()

    def kill_at_the_first(message):
        if not killed.is_set():
            process.kill()
            killed.set()
            return None
        return "250 taken"

    mail_server.answer = kill_at_the_first
    label(pia)
    one = contact(pia, channel="email", address=address())["id"]
    subscribe(pia, one, kinds=["formation"])
    publish(pia)
    first = mail_server.get()
    pia.start("notifications", *PRIVATE, *mail_server.options())
    assert mail_server.get()["Message-ID"] == first["Message-ID"]
    until(lambda: deliveries(pia, one, "sent"), "it is recorded")


# The plan


def test_a_bad_plan_is_refused_with_the_rule(pia):
    pia.start_broker("--drain-ms", "200")
    (pia.data / "plan.json").write_text(json.dumps({"format": 1, "rules": [
        {"event": "review.created", "to": ["recipients.persons"], "channels": ["pigeon"],
         "template": "review_assigned"}]}))
    process = pia.start("notifications", "--notices.plan", "plan.json", expected=(1, 2), wait=False)
    assert process.wait() != 0
    assert "Rule 1 of the plan: \"channels\" names an unknown channel" in process.log.read_text()
