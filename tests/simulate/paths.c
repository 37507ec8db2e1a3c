/* paths.c - the paths of the procedure that comes with the program, each as far as the next ones
 * branch off. Whatever is not written here, chance draws. */
#include "play.h"

#include <string.h>

#define PATH(name, from)                                                                           \
    {                                                                                              \
#name, (from), (name), sizeof(name) / sizeof(name)[0]                                      \
    }

static const play_t prepared[] = {
    {.what = "dossier ouvrir_prospect"},
    {.what = "dossier prefigurer", .data = "{'fin': '@+200'}"},
    {.what = "dossier fixer_jalon", .data = "{'echeance': '@+30'}"},
};

static const play_t called[] = {
    {.what = "appel preparer", .given = "{'facts': {'opens': '@+2', 'closes': '@+40'}}"},
    {.what = "appel annoncer"},
    {.days = 3},
};

static const play_t empowered[] = {
    {.what = "authority constater",
     .given = "{'person': '@signatory 1', 'capacity': 'ministre', 'facts': {'from': '@+0'}}"},
    {.what = "authority constater",
     .given = "{'person': '@secretariat 1', 'capacity': 'ism', 'facts': {'from': '@+0'}}"},
};

static const play_t assigned[] = {
    {.what = "dossier creer"},
    {.what = "dossier deposer"},
    {.what = "dossier declarer_complet"},
    {.what = "dossier affecter", .data = "{'rapporteurs': ['@reviewer 1', '@reviewer 3']}"},
    {.what = "review declarer", .data = "{'lien': 'aucun'}"},
    {.what = "review accepter"},
    {.what = "review/1 declarer", .data = "{'lien': 'aucun'}"},
    {.what = "review/1 accepter"},
};

static const play_t inadmissible[] = {
    {.what = "dossier creer"},
    {.what = "dossier deposer"},
    {.what = "dossier declarer_irrecevable", .data = "{'capacite': 'ism'}", .who = "secretariat 1"},
};

static const play_t first_report[] = {
    {.what = "review rendre", .data = "{'avis': 'favorable'}"},
};

static const play_t divergent[] = {
    {.what = "review/1 rendre", .data = "{'avis': 'defavorable'}"},
};

static const play_t evaluated[] = {
    {.what = "review/1 rendre", .data = "{'avis': 'favorable'}"},
};

static const play_t opened[] = {{.what = "dossier ouvrir_contradictoire"}};
static const play_t submitted[] = {{.what = "dossier saisir_comite"}};
static const play_t advised[] = {
    {.what = "dossier rendre_avis", .data = "{'avis': 'favorable'}", .who = "committee 1"},
};
static const play_t advised_against[] = {
    {.what = "dossier rendre_avis", .data = "{'avis': 'defavorable'}", .who = "committee 1"},
};
static const play_t signed_once[] = {
    {.what = "dossier signer", .data = "{'capacite': 'ministre'}", .who = "signatory 1"},
};
static const play_t awarded[] = {
    {.what = "dossier signer", .data = "{'capacite': 'ism'}", .who = "secretariat 1"},
};
static const play_t refused[] = {{.what = "dossier refuser", .who = "signatory 1"}};
static const play_t appealed[] = {
    {.what = "remedy former_gracieux",
     .data = "{'envoye_le': '@+0', 'recu_le': '@+0', 'notifie_le': '@-1'}",
     .days = 1},
};
static const play_t sued[] = {
    {.what = "remedy former_contentieux",
     .data = "{'envoye_le': '@+0', 'notifie_le': '@-1'}",
     .days = 1},
};
static const play_t rejected[] = {
    {.what = "remedy rejeter", .data = "{'motifs_droit': 'en droit, oui'}", .who = "signatory 1"},
};
static const play_t silent[] = {{.days = 70}};

static const play_t midterm[] = {{.days = 550}};
static const play_t reported[] = {{.what = "label remettre_bilan"}};
static const play_t procedure[] = {
    {.what = "label ouvrir_procedure",
     .data = "{'mesure': 'retrait', 'fondement': 'illegalite', 'delai': '@+20'}"},
};
static const play_t hearing[] = {{.what = "label demander_audition"}};
static const play_t heard[] = {{.days = 21}};
static const play_t suspended[] = {
    {.what = "label suspendre", .data = "{'fin': '@+60'}", .who = "signatory 1"},
};
static const play_t repealed[] = {
    {.what = "label abroger", .data = "{'fondement': 'illegalite'}", .who = "signatory 1"},
};
static const play_t withdrawn[] = {
    {.what = "label retirer_label", .data = "{'fondement': 'illegalite'}", .who = "signatory 1"},
};
static const play_t to_repeal[] = {
    {.what = "label ouvrir_procedure",
     .data = "{'mesure': 'abrogation', 'fondement': 'condition_non_remplie', 'delai': '@+20'}"},
};

static const play_t renewable[] = {{.days = 740}};
static const play_t maintained[] = {
    {.what = "dossier deposer", .days = 335},
    {.what = "dossier declarer_incomplet",
     .data = "{'delai': '@+300', 'pieces': [{'piece': 'statuts', 'why': 'missing'}]}"},
    {.days = 30},
};
static const play_t renewal_refused[] = {
    {.what = "dossier deposer"},
    {.what = "dossier declarer_irrecevable", .data = "{'capacite': 'ism'}", .who = "secretariat 1"},
};
static const play_t renewal_signed[] = {
    {.what = "dossier deposer"},
    {.what = "dossier declarer_complet"},
    {.what = "dossier affecter", .data = "{'rapporteurs': ['@reviewer 1', '@reviewer 3']}"},
    {.what = "review declarer", .data = "{'lien': 'aucun'}"},
    {.what = "review accepter"},
    {.what = "review rendre", .data = "{'avis': 'favorable'}"},
    {.what = "review/1 declarer", .data = "{'lien': 'aucun'}"},
    {.what = "review/1 accepter"},
    {.what = "review/1 rendre", .data = "{'avis': 'favorable'}"},
    {.what = "dossier saisir_comite"},
    {.what = "dossier rendre_avis", .data = "{'avis': 'favorable'}", .who = "committee 1"},
    {.what = "dossier signer", .data = "{'capacite': 'ministre'}", .who = "signatory 1"},
};

static const play_t constituted[] = {
    {.what = "committee instituer"},
    {.what = "committee nommer",
     .data = "{'personne': ['@committee 1'], 'president': true, 'du': '@+0',"
             " 'qualite': 'membre_de_droit'}"},
    {.what = "committee nommer",
     .data = "{'personne': ['@committee 2'], 'du': '@+0', 'qualite': 'representant'}"},
    {.what = "committee nommer",
     .data = "{'personne': ['@reviewer 3'], 'du': '@+0', 'qualite': 'personnalite_qualifiee'}"},
    {.what = "session preparer", .given = "{'facts': {'day': '@+10'}}"},
};
static const play_t convened[] = {
    {.what = "session inscrire", .data = "{'dossiers': ['@dossier']}"},
    {.what = "session inscrire_question"},
    {.what = "session convoquer"},
};
static const play_t on_its_day[] = {{.days = 10}}; /* a meeting opens on no other */
static const play_t sitting[] = {
    {.what = "session ouvrir",
     .data = "{'presences': [{'member': 1, 'mode': 'present'}, {'member': 2, 'mode': 'remote'},"
             " {'member': 3, 'mode': 'present'}]}",
     .days = 10},
};
static const play_t empty[] = {
    {.what = "session ouvrir",
     .data = "{'presences': [{'member': 1, 'mode': 'present'}]}",
     .days = 10},
};
static const play_t voted[] = {
    {.what = "session statuer_interet", .data = "{'point': 1, 'membre': 2, 'suite': 'recusation'}"},
    {.what = "session mettre_aux_voix", .data = "{'point': 1, 'proposition': 'favorable'}"},
};
static const play_t closed[] = {
    {.what = "session renvoyer", .data = "{'point': 2}"},
    {.what = "session lever"},
};

static const path_t of_label[] = {
    PATH(prepared, NULL),
    PATH(called, NULL),
    PATH(empowered, NULL),
    PATH(inadmissible, "empowered"),
    PATH(assigned, "empowered"),
    PATH(first_report, "assigned"),
    PATH(divergent, "first_report"),
    PATH(evaluated, "first_report"),
    PATH(opened, "evaluated"),
    PATH(submitted, "evaluated"),
    PATH(advised, "submitted"),
    PATH(advised_against, "submitted"),
    PATH(signed_once, "advised"),
    PATH(awarded, "signed_once"),
    PATH(refused, "advised_against"),
    PATH(appealed, "refused"),
    PATH(sued, "refused"),
    PATH(rejected, "appealed"),
    PATH(silent, "appealed"),
    PATH(midterm, "awarded"),
    PATH(reported, "midterm"),
    PATH(procedure, "awarded"),
    PATH(hearing, "procedure"),
    PATH(heard, "procedure"),
    PATH(suspended, "heard"),
    {"suspended_procedure", "suspended", to_repeal, 1},
    {"procedure_appealed", "suspended_procedure", appealed, 1},
    {"suspension_appealed", "suspended", appealed, 1},
    PATH(repealed, "heard"),
    {"repeal_appealed", "repealed", appealed, 1},
    PATH(withdrawn, "heard"),
    {"withdrawal_sued", "withdrawn", sued, 1},
    PATH(renewable, "awarded"),
    PATH(maintained, "renewable"),
    PATH(renewal_refused, "renewable"),
    PATH(renewal_signed, "renewable"),
    {"renewed", "renewal_signed", awarded, 1},
    {"coming_procedure", "renewed", procedure, 1},
    PATH(constituted, "submitted"),
    PATH(convened, "constituted"),
    PATH(on_its_day, "convened"),
    PATH(sitting, "convened"),
    PATH(empty, "convened"),
    PATH(voted, "sitting"),
    PATH(closed, "voted"),
};

const path_t *paths_of(const char *definition, size_t *ret_count)
{
    bool known = strcmp(definition, "label-pia") == 0;
    *ret_count = known ? sizeof of_label / sizeof of_label[0] : 0;
    return of_label;
}
