/* test_timer.c - reminders before and after, and what fires once. */
#include "pia_test.h"

#include <string.h>

#include "engine.h"
#include "pia/clock.h"

/* A task with an end, two reminders before it, one after it, and a daily one while it is late. */
static const char reminded[] =
    "{\"format\": 1, \"name\": \"rappels\", \"version\": 1, \"title\": \"Rappels\","
    " \"themes\": [\"habitat\"], \"sectors\": [], \"machines\": {\"dossier\": {\"readers\": [],"
    "  \"states\": [{\"name\": \"attendu\", \"label\": \"A\", \"initial\": true},"
    "               {\"name\": \"rendu\", \"label\": \"R\", \"final\": true}],"
    "  \"transitions\": ["
    "   {\"name\": \"demander\", \"label\": \"D\", \"from\": [], \"to\": \"attendu\","
    "    \"roles\": [\"secretariat\"],"
    "    \"requires\": [{\"name\": \"fin\", \"label\": \"F\", \"type\": \"date\"}],"
    "    \"effects\": [{\"name\": \"record_fact\", \"fact\": \"fin\", \"data\": \"fin\"}]},"
    "   {\"name\": \"rappeler\", \"label\": \"R\", \"from\": [\"attendu\"]},"
    "   {\"name\": \"relancer\", \"label\": \"R\", \"from\": [\"attendu\"]},"
    "   {\"name\": \"insister\", \"label\": \"I\", \"from\": [\"attendu\"]},"
    "   {\"name\": \"rendre\", \"label\": \"R\", \"from\": [\"attendu\"], \"to\": \"rendu\","
    "    \"roles\": [\"reviewer\"]}],"
    "  \"timers\": ["
    "   {\"name\": \"echeance\", \"label\": \"E\", \"states\": [\"attendu\"], \"on\": \"fin\","
    "    \"after\": {\"days\": 1}, \"transition\": \"relancer\"},"
    "   {\"name\": \"tot\", \"label\": \"T\", \"states\": [\"attendu\"], \"on\": \"fin\","
    "    \"before\": {\"months\": 1}, \"transition\": \"rappeler\"},"
    "   {\"name\": \"tard\", \"label\": \"T\", \"states\": [\"attendu\"], \"of\": \"echeance\","
    "    \"before\": {\"days\": 3}, \"transition\": \"rappeler\"},"
    "   {\"name\": \"jours\", \"label\": \"J\", \"states\": [\"attendu\"],"
    "    \"since\": [\"relancer\", \"insister\"], \"after\": {\"days\": 1},"
    "    \"transition\": \"insister\"}]}}}";

static definition_t *definition;

static int load(void **state)
{
    (void)state;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = definition_load(reminded, strlen(reminded), &definition, &problem);
    if (status != PIA_OK)
        print_error("%s: %s\n", problem.pointer, problem.detail);
    return status == PIA_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    definition_destroy(&definition);
    return 0;
}

static int64_t at(const char *text)
{
    int64_t value;
    assert_true(pia_time_parse(text, &value));
    return value;
}

/* As matter.c makes a transition. */
static void
step(matter_t *matter, const transition_t *transition, const timer_rule_t *timer, int64_t when_ms)
{
    pia_problem_t problem;
    const engine_step_t step = {
        .transition = transition,
        .from = matter->state,
        .effective_ms = when_ms,
        .fired = timer,
        .fired_ms = timer ? engine_due(matter, timer) : 0,
    };
    if (transition->to != STATE_NONE)
        matter->state = transition->to;
    assert_int_equal(engine_run_clocks(matter, &step, &problem), PIA_OK);
    matter->entered_ms = when_ms;
}

static void ask(matter_t *matter, const char *fin, const char *when)
{
    *matter = (matter_t){
        .definition = definition,
        .machine = &definition->machines[MACHINE_DOSSIER],
        .state = STATE_NONE,
        .facts = json_pack("{s:s}", "fin", fin),
        .clocks = json_object(),
    };
    step(matter, machine_transition(matter->machine, "demander"), NULL, at(when));
}

/* The next timer fires, at its moment. */
static void fire(matter_t *matter, const char *name, const char *when)
{
    char text[PIA_TIME_TEXT_SIZE];
    const timer_rule_t *timer = engine_next_timer(matter);
    assert_non_null(timer);
    assert_string_equal(timer->name, name);
    pia_time_format(matter->due_ms, text);
    assert_string_equal(text, when);
    step(matter, &matter->machine->transitions[timer->transition], timer, matter->due_ms);
}

static void end(matter_t *matter)
{
    json_decref(matter->facts);
    json_decref(matter->clocks);
}

static void reminders_come_before_and_after_each_once(void **state)
{
    (void)state;
    matter_t matter;
    ask(&matter, "2027-03-31", "2027-01-10T10:00:00Z");
    fire(&matter, "tot", "2027-02-27T23:00:00.000Z");  /* the month's last day */
    fire(&matter, "tard", "2027-03-28T22:00:00.000Z"); /* summer time since the 28th */
    fire(&matter, "echeance", "2027-03-31T22:00:00.000Z");
    fire(&matter, "jours", "2027-04-02T22:00:00.000Z");
    fire(&matter, "jours", "2027-04-04T22:00:00.000Z");
    step(&matter, machine_transition(matter.machine, "rendre"), NULL, at("2027-04-05T10:00:00Z"));
    assert_null(engine_next_timer(&matter));
    end(&matter);
}

static void a_reminder_whose_moment_is_over_is_let_pass(void **state)
{
    (void)state;
    matter_t matter;
    ask(&matter, "2027-03-31", "2027-03-30T10:00:00Z");
    fire(&matter, "echeance", "2027-03-31T22:00:00.000Z");
    end(&matter);
}

static void a_later_end_brings_its_reminders_again(void **state)
{
    (void)state;
    matter_t matter;
    ask(&matter, "2027-03-31", "2027-01-10T10:00:00Z");
    fire(&matter, "tot", "2027-02-27T23:00:00.000Z");
    json_object_set_new(matter.facts, "fin", json_string("2027-06-30"));
    step(&matter, machine_transition(matter.machine, "insister"), NULL, at("2027-03-01T10:00:00Z"));
    json_object_del(matter.clocks, "jours");
    step(&matter, machine_transition(matter.machine, "rappeler"), NULL, at("2027-03-01T10:00:00Z"));
    fire(&matter, "tot", "2027-05-29T22:00:00.000Z");
    end(&matter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reminders_come_before_and_after_each_once),
        cmocka_unit_test(a_reminder_whose_moment_is_over_is_let_pass),
        cmocka_unit_test(a_later_end_brings_its_reminders_again),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
