"""A campaign's people, with their keys, and a dossier's path, by messages alone."""

import datetime
import time
import uuid
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
CRITERIA = ("interlocuteur", "producteur", "diffuseur", "accompagnateur", "moyens", "programme")


def report(score=4, opinion="favorable", text="Rapport d'essai : le besoin est établi."):
    """A report by the default specification, with the same score for every criterion."""
    return {"avis": opinion, "texte": text,
            "grille": [{"criterion": code, "score": score, "justification": f"Vu au dossier ({code})."}
                       for code in CRITERIA]}


REPORT = report()
CAST = {  # who: roles, of the candidate structure?
    "candidate": (["candidat"], True),
    "secretariat": (["secretariat"], False),
    "instructing service": (["instructeur"], False),
    "reviewer 1": (["reviewer"], False),
    "reviewer 2": (["reviewer"], False),
    "reviewer of the structure": (["reviewer"], True),
    "committee": (["committee"], False),
    "minister": (["signatory"], False),
    "ism": (["signatory"], False),
}


def moving(kind, matter, transition, data=None, **more):
    """The body of a transition of what `matter` shows."""
    return {kind: matter["id"], "transition": transition, "version": matter["version"],
            **({"data": data} if data is not None else {}), **more}


class Campaign:
    """Registers the people at the registry; then each acts with its own key."""

    empowered = False

    def __init__(self, network):
        self.network = network
        self.structure = self.ok("admin", "registry.structure.create",
                                 {"name": "Structure candidate (démonstration)",
                                  "departement": "87", "demonstration": True})["id"]
        self.persons, self.keys = {}, {}
        for who, (roles, own) in CAST.items():
            self.add(who, roles, self.structure if own else None)

    def add(self, who, roles, structure=None, **more):
        body = {"label": who, "roles": roles, **({"structure": structure} if structure else {}), **more}
        person = self.ok("admin", "registry.person.create", body)["id"]
        key = self.ok("admin", "registry.key.create", {"label": who, "person": person})["key"]
        self.persons[who], self.keys[who] = person, key

    def call(self, who, message, body=None, **options):
        key = None if who == "admin" else self.keys[who]
        return self.network.call(message, body, key=key, **options)

    def patient(self, who, message, body=None, **options):
        """The answer that is not 503 (try again), for 20 seconds."""
        until = time.monotonic() + 20
        while True:
            answer = self.call(who, message, body, **options)
            if answer.status != 503 or time.monotonic() > until:
                return answer

    def ok(self, who, message, body=None, **options):
        answer = self.call(who, message, body, **options)
        assert answer.status == 200, (who, message, answer)
        return answer.body

    def authorize(self, who, capacity, start="2020-01-01", **more):
        """The answer to the record that someone may sign in a capacity."""
        body = {"capacity": capacity, "person": self.persons[who], "name": f"Signataire : {who}",
                "function": f"Fonction : {who}", "act": "Arrêté d'essai", "from": start, **more}
        return self.patient("secretariat", "labellisation.authority.create", body)

    def empower(self):
        """Those who sign get their authorities, once."""
        if not self.empowered:
            for who, capacity in (("minister", "ministre"), ("ism", "ism"), ("secretariat", "ism")):
                answer = self.authorize(who, capacity)
                assert answer.status == 200, answer
        self.empowered = True

    def create(self, who="candidate", code=None, **more):
        code = code or "essai-" + uuid.uuid4().hex[:8]
        body = {"structure": self.structure, "title": "Dossier d'essai", "themes": ["sante"],
                "sectors": ["alimentaire"],
                "pole": {"code": code, "name": "Pôle d'essai", "departement": "87"}, **more}
        answer = self.patient(who, "labellisation.dossier.create", body)  # the structure may not be known there yet
        assert answer.status == 200, (who, answer)
        return answer.body

    def get(self, dossier, who="secretariat"):
        return self.ok(who, "labellisation.dossier.get", {"dossier": dossier["id"]})

    def move(self, who, dossier, transition, data=None, **more):
        """The answer to a transition of what `dossier` shows."""
        return self.call(who, "labellisation.dossier.transition", moving("dossier", dossier, transition, data, **more))

    def go(self, who, dossier, transition, data=None, **more):
        """The dossier after a transition that must succeed."""
        body = moving("dossier", dossier, transition, data, **more)
        answer = self.patient(who, "labellisation.dossier.transition", body)
        assert answer.status == 200, (who, transition, answer)
        return answer.body

    def advance(self, days, service="labellisation"):
        """Moves legal time on, and waits until the service knows."""
        by_ms = days * 24 * 3600 * 1000
        shift = self.ok("admin", "registry.clock.advance", {"by_ms": by_ms})["shift_ms"]
        until = time.monotonic() + 20
        while self.ok("admin", "service.info", {}, service=service).get("shift_ms", 0) < shift:
            assert time.monotonic() < until, "the clock does not come through"

    def pieces(self, days=30):
        """The data of a request for pieces, `days` of legal time from now."""
        now = self.ok("admin", "registry.clock.get", {})["now"]
        until = datetime.date.fromisoformat(now[:10]) + datetime.timedelta(days=days)
        return {"pieces": [{"piece": "budget", "why": "missing"}], "delai": until.isoformat(),
                "message": "Le budget."}

    def day(self, days=0):
        """A day of legal time in Paris, `days` from now."""
        now = datetime.datetime.fromisoformat(
            self.ok("admin", "registry.clock.get", {})["now"].replace("Z", "+00:00"))
        return (now.astimezone(PARIS).date() + datetime.timedelta(days=days)).isoformat()

    def notice(self, measure, basis="condition_non_remplie", days=16):
        """The data of a notice of intent: what opens the contradictory phase of a label."""
        return {"mesure": measure, "fondement": basis, "griefs": "Aucune action depuis un an.",
                "delai": self.day(days)}

    def reviewers(self, *who):
        return {"rapporteurs": [self.persons[name] for name in who or ("reviewer 1", "reviewer 2")]}

    def review(self, who, dossier):
        """The newest review of a dossier that is this reviewer's."""
        answer = self.patient(who, "labellisation.review.list", {"dossier": dossier["id"], "mine": True})
        assert answer.status == 200, (who, answer)
        return [item for item in answer.body["items"] if item.get("person") == self.persons[who]][-1]

    def review_do(self, who, dossier, transition, data=None, **more):
        """The answer to a transition of a reviewer's own review."""
        review = self.review(who, dossier)
        return self.patient(who, "labellisation.review.transition", moving("review", review, transition, data, **more))

    def declare(self, who, dossier, link="aucun"):
        """A reviewer that is asked declares its interests; without one it accepts, and may read."""
        for transition, data in (("declarer", {"lien": link}), ("accepter", None)):
            answer = self.review_do(who, dossier, transition, data)
            assert answer.status == 200, (who, transition, answer)
            if link != "aucun":
                break
        return dossier

    def report(self, who, dossier, report=REPORT):
        """A reviewer that is asked declares, accepts and files; the dossier after it."""
        if self.review(who, dossier)["state"] == "proposee":
            self.declare(who, dossier)
        answer = self.review_do(who, dossier, "rendre", report)
        assert answer.status == 200, (who, answer)
        return self.get(dossier)

    def to_review(self, dossier=None):
        dossier = dossier or self.create()
        dossier = self.go("candidate", dossier, "deposer")
        dossier = self.go("secretariat", dossier, "declarer_complet")
        return self.go("secretariat", dossier, "affecter", self.reviewers())

    def to_decision(self, dossier=None):
        self.empower()
        dossier = self.to_review(dossier)
        self.report("reviewer 1", dossier)
        dossier = self.report("reviewer 2", dossier)
        dossier = self.go("secretariat", dossier, "saisir_comite")
        return self.go("committee", dossier, "rendre_avis",
                       {"avis": "favorable", "texte": "Avis d'essai."})

    def to_award(self, dossier=None):
        dossier = self.to_decision(dossier)
        dossier = self.go("minister", dossier, "signer", {"capacite": "ministre"})
        return self.go("ism", dossier, "signer", {"capacite": "ism"})

    def history(self, dossier, who="secretariat"):
        items, after = [], None
        while True:
            body = {"dossier": dossier["id"], "limit": 5, **({"after": after} if after else {})}
            page = self.ok(who, "labellisation.dossier.history", body)
            items += page["items"]
            after = page.get("next")
            if not after:
                return items
