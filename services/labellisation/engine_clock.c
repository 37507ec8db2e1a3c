/* engine_clock.c - when timers are due. A clock is an object of matter->clocks: `since` (ms) and
 * `suspended` (days) of a period, `completions` of a rule, `fired` (ms): what it was due at when it
 * fired, or was let pass. */
#include "deadline.h"
#include "engine.h"
#include "pia/clock.h"

static bool has_state(uint64_t set, int state)
{
    return state != STATE_NONE && (set >> state & 1) != 0;
}

static bool is_empty(const period_t *period)
{
    return period->years == 0 && period->months == 0 && period->weeks == 0 && period->days == 0;
}

static void start_clock(matter_t *matter, const timer_rule_t *timer, int64_t effective_ms)
{
    json_object_set_new(matter->clocks, timer->name,
                        json_pack("{s:I, s:i}", "since", (json_int_t)effective_ms, "suspended", 0));
}

/* A clock that was suspended in the state just left gets the days of that state. */
static void resume_clock(matter_t *matter, const timer_rule_t *timer, int64_t effective_ms)
{
    json_t *clock = json_object_get(matter->clocks, timer->name);
    if (!clock)
        return;
    int64_t days = day_of(effective_ms) - day_of(matter->entered_ms);
    int64_t before = json_integer_value(json_object_get(clock, "suspended"));
    json_object_set_new(clock, "suspended", json_integer(before + days));
}

static bool starts_clock(const matter_t *matter,
                         const timer_rule_t *timer,
                         const transition_t *transition,
                         int from)
{
    if (timer->since)
        return names_have(timer->since, transition->name);
    uint64_t on = timer->states | (timer->rule ? timer->suspended_in : 0);
    return has_state(timer->states, matter->state) && !has_state(on, from);
}

/* Whether it is left to itself: neither running nor suspended. */
static bool is_over(const matter_t *matter, const timer_rule_t *timer)
{
    return !timer->since && !has_state(timer->states, matter->state) &&
           !(timer->rule && has_state(timer->suspended_in, matter->state));
}

static pia_status_t run_clock(matter_t *matter,
                              const timer_rule_t *timer,
                              const engine_step_t *step,
                              pia_problem_t *problem)
{
    if (!timer->enabled || timer->on || timer->of != TIMER_NONE)
        return PIA_OK;
    if (starts_clock(matter, timer, step->transition, step->from)) {
        start_clock(matter, timer, step->effective_ms);
        return PIA_OK;
    }
    if (is_over(matter, timer)) {
        json_object_del(matter->clocks, timer->name);
        return PIA_OK;
    }
    if (timer->rule)
        return deadline_note(matter, timer, step->transition, step->effective_ms, problem);
    if (step->from != matter->state && has_state(timer->suspended_in, step->from))
        resume_clock(matter, timer, step->effective_ms);
    return PIA_OK;
}

/* What a timer counts from; 0: nothing yet. */
static int64_t base_ms(const matter_t *matter, const timer_rule_t *timer)
{
    int64_t day;
    if (timer->of != TIMER_NONE)
        return engine_due(matter, &matter->machine->timers[timer->of]);
    const char *date = json_string_value(json_object_get(matter->facts, timer->on));
    return date && pia_date_parse(date, &day) ? day_start(day) : 0;
}

static int64_t offset_due(const matter_t *matter, const timer_rule_t *timer)
{
    int64_t from_ms = base_ms(matter, timer);
    const period_t *offset = is_empty(&timer->before) ? &timer->after : &timer->before;
    return from_ms == 0 ? 0 : day_start(day_add(day_of(from_ms), offset));
}

static int64_t legal_due(const matter_t *matter, const timer_rule_t *timer)
{
    legal_deadline_t deadline;
    pia_status_t status = deadline_compute(matter, timer, &deadline, NULL);
    return status == PIA_OK && deadline.running ? deadline.ends_ms : 0;
}

static int64_t period_due(const matter_t *matter, const timer_rule_t *timer)
{
    const json_t *clock = json_object_get(matter->clocks, timer->name);
    const json_t *since = json_object_get(clock, "since");
    if (!since)
        return 0;
    int64_t suspended = json_integer_value(json_object_get(clock, "suspended"));
    int64_t last = day_add(day_of(json_integer_value(since)), &timer->after) + suspended;
    return day_start(last + 1); /* 24:00 of the last day */
}

static int64_t due_of(const matter_t *matter, const timer_rule_t *timer)
{
    if (timer->on || timer->of != TIMER_NONE)
        return offset_due(matter, timer);
    return timer->rule ? legal_due(matter, timer) : period_due(matter, timer);
}

int64_t engine_due(const matter_t *matter, const timer_rule_t *timer)
{
    if (!timer->enabled || !has_state(timer->states, matter->state))
        return 0;
    const json_t *clock = json_object_get(matter->clocks, timer->name);
    int64_t fired_ms = json_integer_value(json_object_get(clock, "fired"));
    int64_t due_ms = due_of(matter, timer);
    return due_ms > fired_ms ? due_ms : 0;
}

/* It does not fire again for the same instant. */
static void set_fired(matter_t *matter, const timer_rule_t *timer, int64_t due_ms)
{
    json_t *clock = json_object_get(matter->clocks, timer->name);
    if (!clock) {
        clock = json_object();
        json_object_set_new(matter->clocks, timer->name, clock);
    }
    json_object_set_new(clock, "fired", json_integer(due_ms));
}

/* A reminder whose moment was over when it came into question is let pass. */
static void pass_reminders(matter_t *matter, int64_t effective_ms)
{
    for (size_t i = 0; i < matter->machine->timer_count; i++) {
        const timer_rule_t *timer = &matter->machine->timers[i];
        int64_t due_ms = is_empty(&timer->before) ? 0 : engine_due(matter, timer);
        if (due_ms != 0 && due_ms < effective_ms)
            set_fired(matter, timer, due_ms);
    }
}

pia_status_t engine_run_clocks(matter_t *matter, const engine_step_t *step, pia_problem_t *problem)
{
    const machine_t *machine = matter->machine;
    pia_status_t status = PIA_OK;
    if (step->fired)
        set_fired(matter, step->fired, step->fired_ms);
    for (size_t i = 0; status == PIA_OK && i < machine->timer_count; i++)
        status = run_clock(matter, &machine->timers[i], step, problem);
    pass_reminders(matter, step->effective_ms);
    const timer_rule_t *next = engine_next_timer(matter);
    matter->due_ms = next ? engine_due(matter, next) : 0;
    return status;
}

const timer_rule_t *engine_next_timer(const matter_t *matter)
{
    const timer_rule_t *next = NULL;
    int64_t next_ms = 0;
    for (size_t i = 0; i < matter->machine->timer_count; i++) {
        const timer_rule_t *timer = &matter->machine->timers[i];
        int64_t due_ms = engine_due(matter, timer);
        if (due_ms != 0 && (!next || due_ms < next_ms)) {
            next = timer;
            next_ms = due_ms;
        }
    }
    return next;
}
