"""A committee with its members, and its meetings, by messages alone."""

from campaign import moving

UNANIMOUS = {"texte": "Le comité se prononce à l'unanimité."}


class Committee:
    """Institutes a committee of a Campaign; `members` are its numbers by who holds the seat."""

    def __init__(self, campaign, **more):
        self.campaign, self.members = campaign, {}
        body = {"title": "Comité du label", "act": "Décision d'essai", **more}
        self.matter = campaign.ok("secretariat", "labellisation.committee.create", body)

    def do(self, transition, data, who="secretariat"):
        answer = self.campaign.patient(who, "labellisation.committee.transition",
                                       moving("committee", self.matter, transition, data))
        if answer.status == 200:
            self.matter = answer.body
        return answer

    def seat(self, who, qualite="representant", structure=None, du="2020-01-01", **more):
        """Registers someone and names it a member; its number."""
        self.campaign.add(who, ["committee"], structure)
        answer = self.do("nommer", {"personne": [self.campaign.persons[who]], "nom": f"Fonction : {who}",
                                    "qualite": qualite, "du": du, **more})
        assert answer.status == 200, answer
        self.members[who] = self.matter["members"][-1]["number"]
        return self.members[who]

    def stand_in(self, who, of, du="2020-01-01", **more):
        self.campaign.add(who, ["committee"])
        answer = self.do("designer_suppleant", {"titulaire": self.members[of], "nom": f"Suppléance : {who}",
                                                "personne": [self.campaign.persons[who]], "du": du, **more})
        if answer.status == 200:
            self.members[who] = self.matter["members"][-1]["number"]
        return answer

    def present(self, *who, **held):
        """Attendances: `who` is there; held: who=(mode, by)."""
        list_ = [{"member": self.members[name], "mode": "present"} for name in who]
        for name, (mode, by) in held.items():
            seat = {"member": self.members[name.replace("_", " ")], "mode": mode}
            list_.append(seat if by is None else {**seat, "by": self.members[by]})
        return list_


class Session:
    """A meeting of a committee; `matter` is what it shows."""

    def __init__(self, committee, days=10, dossiers=(), **more):
        self.committee, self.campaign = committee, committee.campaign
        body = {"committee": committee.matter["id"], "title": "Réunion du comité", "day": self.campaign.day(days),
                "place": "à 10 heures, salle d'essai", **more}
        self.matter = self.campaign.ok("secretariat", "labellisation.session.create", body)
        if dossiers:
            self.done("inscrire", {"dossiers": [dossier["id"] for dossier in dossiers]})

    def do(self, transition, data=None, who="secretariat"):
        answer = self.campaign.call(who, "labellisation.session.transition",
                                    moving("session", self.matter, transition, data))
        if answer.status == 200:
            self.matter = answer.body
        return answer

    def done(self, transition, data=None, who="secretariat"):
        answer = self.do(transition, data, who)
        assert answer.status == 200, (transition, answer)
        return answer.body

    def show(self):
        self.matter = self.campaign.ok("secretariat", "labellisation.session.get",
                                       {"session": self.matter["id"]})
        return self.matter

    def point(self, dossier):
        """The item of a dossier."""
        return next(item for item in self.matter["agenda"] if item.get("dossier") == dossier["id"])

    def vote(self, dossier, proposition="favorable", **more):
        return self.do("mettre_aux_voix", {"point": self.point(dossier)["number"],
                                           "proposition": proposition, **UNANIMOUS, **more})

    def votes(self, **named):
        """Votes by name: who=vote."""
        return {"voix": [{"member": self.committee.members[who.replace("_", " ")], "vote": vote}
                         for who, vote in named.items()]}

    def close(self):
        self.done("lever")
        return self.done("signer_proces_verbal")


def before_committee(campaign, **more):
    """A dossier with two reports that waits for the committee's opinion."""
    dossier = campaign.to_review(campaign.create(**more))
    campaign.report("reviewer 1", dossier)
    dossier = campaign.report("reviewer 2", dossier)
    return campaign.go("secretariat", dossier, "saisir_comite")


def meet_today(committee, opinions, presences, against=()):
    """An urgent meeting that gives each dossier its opinion; it is still open. `against`: who votes
    so on the last one."""
    session = Session(committee, 0, [dossier for dossier, _ in opinions])
    session.done("convoquer", {"urgence": True, "motifs": "Le silence déciderait avant."})
    session.done("ouvrir", {"presences": presences})
    for dossier, opinion in opinions:
        last = against and dossier is opinions[-1][0]
        votes = {seat["member"]: "for" for seat in presences} if last else {}
        votes |= {committee.members[who]: "against" for who in against} if last else {}
        voix = [{"member": member, "vote": vote} for member, vote in votes.items()]
        answer = session.vote(dossier, opinion, **({"voix": voix} if last else {}))
        assert answer.status == 200, answer
    return session
