"""Twenty-nine candidates and what becomes of each: the whole plot of test_three_years.py.

Themes and places of the first ten are those of real pôles, which the project's reference data names; the
others are spread over the themes and over places whose calendars differ. Nobody real is meant: structures
and pôles are fictitious and say so, and people are functions."""

import dataclasses
import json

from pia import ROOT

REFERENCE = json.loads((ROOT / "services/registry/reference/poles.json").read_text())
REAL = {pole["code"]: pole for pole in REFERENCE["poles"]}
CAMPAIGN = REFERENCE["campaign_2016"]

# filing:    complet; complété: a piece is asked for, and comes; forclos: it does not come
# reviewing: -; décline: one reviewer declines; lien: one declares an interest; retard: a report comes late;
#            carence: one never comes, and another reviewer is asked; divergence: the two reports are opposed,
#            and a third one is asked for; réponse, silence: the candidate is shown them and answers, or does not
# opinion:   the committee's; decision: label or refus, three times against the opinion
# after:     renouvelé: another label follows; redemandé: the renewal is filed and waits when three years are over;
#            suspendu: for a while, then as before; retiré: withdrawn, it never was; expiré: it ends;
#            recours: the refusal is contested in vain
TABLE = """
 n  as            in   themes        sectors                filing    reviewing   opinion      decision  after
 1  cnidep        -    -             batiment,production    complet   -           favorable    label     renouvelé
 2  cerfav        -    -             production             complet   -           favorable    label     redemandé
 3  itemm         -    -             production,services    complet   décline     favorable    label     redemandé
 4  aten          -    -             services               complet   -           favorable    label     redemandé
 5  ctai          -    -             services               complété  -           favorable    label     redemandé
 6  cirbat        -    -             batiment               complet   -           favorable    label     redemandé
 7  coprotec      -    -             batiment               complet   retard      favorable    label     redemandé
 8  filiere-bois  88   -             batiment,production    complet   -           favorable    label     redemandé
 9  cnisam        -    -             alimentaire            complété  -           favorable    label     redemandé
10  iris-st       75   -             batiment               complet   divergence  favorable    label     redemandé
11  -             29   alimentation  alimentaire            complet   -           favorable    label     redemandé
12  -             13   numerique     services               complet   carence     reserve      label     redemandé
13  -             2A   production    production             complet   -           favorable    label     redemandé
14  -             59   arts          production             complet   lien        favorable    label     suspendu
15  -             31   sante         services               complet   -           reserve      label     retiré
16  -             33   habitat       batiment               complet   -           defavorable  label     expiré
17  -             67   alimentation  alimentaire            complet   -           defavorable  refus     -
18  -             974  habitat       batiment               complet   -           defavorable  refus     -
19  -             972  arts          production             complet   -           defavorable  refus     -
20  -             971  numerique     services               complété  -           defavorable  refus     -
21  -             976  production    production             complet   décline     defavorable  refus     -
22  -             57   sante         services               complet   -           defavorable  refus     recours
23  -             2B   alimentation  alimentaire            complet   divergence  reserve      refus     -
24  -             35   numerique     services               complet   -           defavorable  refus     -
25  -             69   habitat       batiment               complet   retard      defavorable  refus     -
26  -             44   arts          production             forclos   -           defavorable  refus     -
27  -             06   production    production,services    complet   réponse     defavorable  refus     -
28  -             63   sante         services               complet   silence     defavorable  refus     -
29  -             973  alimentation  alimentaire            complet   carence     favorable    refus     -
"""


@dataclasses.dataclass
class Candidate:
    """One line of the table, and what happens to it."""

    number: int
    departement: str
    themes: list
    sectors: list
    filing: str
    reviewing: str
    opinion: str
    decision: str
    after: str
    reviews: list = dataclasses.field(default_factory=list)
    asked: list = dataclasses.field(default_factory=list)  # requests for pieces, as deadlines.py takes them

    @property
    def who(self):
        return f"candidate {self.number:02}"

    @property
    def code(self):
        return f"candidature-{self.number:02}"

    @property
    def name(self):
        return f"Pôle d’essai {self.number:02}"

    @property
    def structure(self):
        return f"Structure candidate {self.number:02} (démonstration)"

    @property
    def title(self):
        return f"Candidature {self.number:02} (démonstration)"

    def again(self):
        """The same candidate with the dossier that would renew its label, which is without fault."""
        renewal = dataclasses.replace(self, filing="complet", reviewing="-", opinion="favorable", reviews=[], asked=[])
        renewal.dossier = self.renewal
        return renewal


def read_line(line):
    number, model, place, themes, *rest = line.split()
    sectors, filing, reviewing, opinion, decision, after = rest
    real = REAL.get(model, {})
    return Candidate(
        int(number), place if place != "-" else real["department"],
        themes.split(",") if themes != "-" else real["themes"], sectors.split(","),
        filing, reviewing, opinion, decision, after)


def read_table():
    """All of them, anew: nothing has happened yet."""
    return [read_line(line) for line in TABLE.strip().splitlines()[1:]]
