"""Who must have been told what in the course of the campaign: written down here, from what each person
needs to know, and compared with every inbox. Nobody may be told the same thing twice."""

import collections
import re

from notified import mails

TITLES = {"Une action vous est demandée": "action", "Décision": "decision", "Rappel": "reminder"}
ROLES = {"secretariat": ["secretariat"], "instructing": ["instructing service"], 
         "signatories": ["minister", "next minister", "ism"]}
KINDS = {"appels": "appel", "authorities": "authority", "committees": "committee", "dossiers": "dossier",
         "labels": "label", "remedies": "remedy", "reviews": "review", "sessions": "session"}  # by path
WITHOUT_STEP = {"dossier.created": "creer", "label.awarded": "delivrer", "review.created": "proposer",
                "review.transitioned": "rendre"}  # what says by its title alone what has happened
# what happens: whom it is told (and how, if not plainly)
TOLD = """
committee instituer       secretariat instructing
committee nommer          secretariat instructing
authority constater       person secretariat
authority constater_fin   person secretariat
appel annoncer            candidates secretariat instructing
appel ouvrir_depots       candidates secretariat instructing
appel rappeler_cloture    candidates:reminder secretariat:reminder
appel clore_depots        candidates secretariat instructing
dossier creer             candidate secretariat
dossier deposer           candidate secretariat
dossier enregistrer       candidate
dossier declarer_complet  candidate instructing
dossier declarer_incomplet candidate:action
dossier rappeler_pieces   candidate:reminder
dossier constater_delai   candidate secretariat
dossier completer         candidate secretariat
dossier alerter_silence   secretariat:reminder instructing:reminder
dossier signaler_divergence secretariat:action instructing:action
dossier ouvrir_contradictoire candidate:action
dossier rappeler_reponse_contradictoire candidate:reminder
dossier repondre          candidate secretariat
dossier clore_contradictoire candidate secretariat
dossier constater_delai_contradictoire candidate secretariat committee
dossier saisir_comite     candidate committee
dossier recevoir_avis     secretariat:action instructing:action signatories:action
dossier proposer_accord   secretariat signatories
dossier signer            secretariat signatories
dossier accorder          secretariat instructing committee
dossier refuser           candidate:decision secretariat
session convoquer         members secretariat
session rappeler_reunion  members:reminder secretariat:reminder
session ouvrir            secretariat
session constater_defaut  members secretariat
session reconvoquer       members secretariat
session declarer_interet  secretariat
session exprimer_desaccord secretariat
session lever             members secretariat instructing
session signer_proces_verbal members secretariat
label delivrer            candidate
label succeder            candidate
label prendre_effet       candidate secretariat
label demander_bilan      candidate:action secretariat
label rappeler_bilan      candidate:reminder
label signaler_retard_bilan candidate:action secretariat:action instructing:action
label remettre_bilan      candidate secretariat instructing
label apprecier_bilan     candidate secretariat instructing
label ouvrir_procedure    candidate:action secretariat
label presenter_observations candidate secretariat instructing
label achever_observations candidate secretariat instructing
label constater_fin_observations candidate secretariat instructing
label suspendre           candidate:decision secretariat
label lever_suspension    candidate secretariat
label retirer_label       candidate:decision secretariat
label renouvellement_12   candidate:action secretariat:reminder
label renouvellement_9    candidate:reminder secretariat:reminder
label renouvellement_6    candidate:reminder secretariat:reminder
label constater_fin_renouvellement secretariat
label expirer             candidate secretariat
dossier renouveler        candidate secretariat
remedy enregistrer        candidate secretariat instructing
remedy rejeter            candidate:decision secretariat instructing
review proposer           person secretariat
review designer           person secretariat
review declarer           secretariat
review recuser            person secretariat
review accepter           person secretariat
review decliner           secretariat
review rappeler_rapport   person:reminder
review signaler_retard    person:reminder secretariat:reminder
review constater_carence  person secretariat
review rendre             secretariat
review communiquer        person
review figer              person
"""


def known_as(transition):
    """What reads the same, whoever or whatever has made it."""
    return {"designer": "proposer", "renouveler": "creer", "succeder": "delivrer"}.get(transition, transition)


def read_table():
    """{(kind, transition): [(audience, how)]}"""
    table = {}
    for line in TOLD.strip().splitlines():
        kind, transition, *audiences = line.split()
        table[kind, transition] = [(a.partition(":")[0], a.partition(":")[2] or "plain") for a in audiences]
    return table


class Told:
    """What each person must find in its inbox: {who: Counter of (link, transition, how)}."""

    def __init__(self, story):
        self.table, self.must = read_table(), collections.defaultdict(collections.Counter)
        self.people = {**ROLES, "candidates": [c.who for c in story.candidates],
                       "committee": story.members}
        self.names = {person: who for who, person in story.troupe.persons.items()}

    def convened(self, matter):
        """Whom a meeting's last convocation names: not the member for the crafts, if it is not about them."""
        sittings = matter.card.get("sittings", [{"seats": []}])
        return [self.names[seat["person"]] for seat in sittings[-1]["seats"]]

    def add(self, matter):
        """Everybody who must know of what a matter's history holds."""
        for transition, _ in matter.history:
            for audience, how in self.table.get((matter.kind, transition), ()):
                people = {"candidate": [matter.candidate], "person": [matter.person],
                          "members": self.convened(matter)}.get(audience)
                for who in people or self.people[audience]:
                    self.must[who][f"/{matter.path}/{matter.id}", known_as(transition), how] += 1


def expected(story):
    told = Told(story)
    for matter in story.matters:
        told.add(matter)
    return told.must


def plain(text):
    """Without the spaces that French typography wants."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def step_names(story):
    """{(kind, label of a transition): its name}, to read the messages by."""
    machines = story.troupe.ok(None, "labellisation.process.get", {})["definition"]["machines"]
    return {(kind, plain(step["label"])): step["name"] for kind, machine in machines.items()
            for step in machine["transitions"]}


def read(item, names):
    """(link, transition, how) of an inbox item."""
    kind = KINDS[item["link"].split("/")[1]]
    how = next((how for words, how in TITLES.items() if item["title"].startswith(words)), "plain")
    step = re.search(r"^(?:Étape|Objet) : (.+)\.$", plain(item["body"]), re.M)
    if step:
        return item["link"], known_as(names[kind, step[1]]), how
    return item["link"], WITHOUT_STEP[item["type"]], how


def inbox(story, who):
    """All that someone was told."""
    items = story.troupe.pages(who, "notifications.inbox.list", {})
    return [item for item in items if item["type"] != "dossier.message"]


def give_addresses(story):
    """The candidates want an e-mail of what they are told, too."""
    for candidate in story.candidates:
        story.troupe.ask(candidate.who, "POST", "/v1/contacts", {
            "channel": "email", "address": address(candidate), "consent_basis": "mission"}, status=201)


def address(candidate):
    return f"{candidate.code}@example.org"


def mails_by_address(story):
    """Subjects by address, once nothing is left to be sent."""
    def all_sent():
        return not any(story.troupe.ok("secretariat", "notifications.delivery.list", {"state": state})["items"]
                       for state in ("pending", "leased"))

    story.troupe.eventually(all_sent, "not everything is sent")
    found = collections.defaultdict(collections.Counter)
    for mail in mails(story.troupe.network):
        found[mail["To"]][plain(mail["Subject"])] += 1
    return found


def wait_until_told(story):
    """A last message, which is told after all that came before it."""
    troupe, last = story.troupe, story.candidates[-1]
    troupe.ok(last.who, "labellisation.message.send", {"dossier": last.dossier.id, "text": "C’est la fin."})

    def told():
        newest = troupe.ok("secretariat", "notifications.inbox.list", {"limit": 1})["items"][0]
        return newest["type"] == "dossier.message"

    troupe.eventually(told, "the last message is not told")
