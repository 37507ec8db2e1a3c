"""A story of legal time: what has a history, who moves it, and what must have come of it. The days are
counted here, by deadlines.py, never read from an answer."""

import dataclasses
import datetime as dt
import random

import deadlines


def days(count):
    return dt.timedelta(days=count)


@dataclasses.dataclass
class Matter:
    """A dossier, a review, a label … as it was last seen, with what its history must hold."""

    kind: str
    card: dict
    history: list  # (transition, day)
    candidate: str = None  # who hears of it as the candidate,
    person: str = None  # and as the person whose task it is
    coming: list = dataclasses.field(default_factory=list)  # what the clock will make of it: (day, transition)

    @property
    def id(self):
        return self.card["id"]

    @property
    def path(self):
        return self.kind[:-1] + "ies" if self.kind.endswith("y") else self.kind + "s"

    def flush(self, day):
        """What the clock must have made of it until a day is history; whether there was anything."""
        over = sorted(item for item in self.coming if item[0] <= day)
        self.history += [(name, due) for due, name in over]
        self.coming = [item for item in self.coming if item[0] > day]
        return bool(over)


class Story:
    """Where the campaign stands: the day, the candidates, and everything that has a history."""

    def __init__(self, troupe, candidates, seed):
        self.troupe, self.candidates, self.matters = troupe, candidates, []
        self.chance = random.Random(seed)
        self.opens = dt.date(2040, 1, 2) + days(self.chance.randrange(2500))
        self.closes = self.opens + days(21)
        self.today = None
        self.pass_to(self.opens - days(30))

    def with_(self, **what):
        """The candidates of whom all this is so."""
        return [c for c in self.candidates if all(getattr(c, name) == value for name, value in what.items())]

    def add(self, kind, card, created, **more):
        """Something new, that someone or something else has just created."""
        matter = Matter(kind, card, [(created, self.today)], **more)
        self.matters.append(matter)
        return matter

    def pass_to(self, day):
        """Legal time moves on to a day; what the clock must have made of everything by then is noted."""
        self.troupe.pass_to(day)
        self.today = day
        for matter in self.matters:
            if matter.flush(day):
                self.refresh(matter)

    def refresh(self, matter):
        matter.card = self.troupe.ok("secretariat", f"labellisation.{matter.kind}.get", {matter.kind: matter.id})

    def act(self, who, matter, transition, data=None, then=()):
        """Someone moves it, a candidate over HTTP; `then` is what must follow by itself, at once."""
        body = {"transition": transition, "version": matter.card["version"], **({"data": data} if data else {})}
        if who == matter.candidate:
            matter.card = self.troupe.ask(who, "POST", f"/v1/{matter.path}/{matter.id}/transitions", body)
        else:
            matter.card = self.troupe.ok(who, f"labellisation.{matter.kind}.transition",
                                         {matter.kind: matter.id, **body})
        self.note(matter, transition, *then)

    def note(self, matter, *transitions):
        """What has happened today."""
        matter.history += [(transition, self.today) for transition in transitions]

    def expect_silence(self, dossier, filed, asked=()):
        """Silence would decide at the end of a day; the alert comes fifteen days before that moment."""
        last = deadlines.last_day("silence-rejet", str(filed), completions=asked)
        assert dossier.card["deadline"]["last_day"] == str(last), dossier
        dossier.coming = [(last + days(1 - 15), "alerter_silence"), (last + days(1), "refuser_implicitement")]
        return last
