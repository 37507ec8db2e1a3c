/* test_sender.c - the sender's thread: a name that does not resolve holds up nobody. */
#include "pia_test.h"

#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "pia/memory.h"
#include "plan.h"
#include "sender.h"

enum { TIMEOUT_MS = 300, PATIENCE_MS = 20000 };

/* A name server that does not answer, until it is opened: libcurl resolves by this function. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool open;
    int inside;
} door = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the C library's own name it
int getaddrinfo(const char *restrict name,
                const char *restrict service,
                const struct addrinfo *restrict hints,
                struct addrinfo **restrict ret_list)
{
    (void)name;
    (void)service;
    (void)hints;
    (void)ret_list;
    (void)pthread_mutex_lock(&door.mutex);
    door.inside++;
    while (!door.open) {
        (void)pthread_cond_wait(&door.changed, &door.mutex);
    }
    door.inside--;
    (void)pthread_cond_broadcast(&door.changed);
    (void)pthread_mutex_unlock(&door.mutex);
    return EAI_AGAIN;
}

static void open_door(void)
{
    (void)pthread_mutex_lock(&door.mutex);
    door.open = true;
    (void)pthread_cond_broadcast(&door.changed);
    while (door.inside > 0) {
        (void)pthread_cond_wait(&door.changed, &door.mutex);
    }
    (void)pthread_mutex_unlock(&door.mutex);
}

static void give(sender_t *sender, const char *address)
{
    outgoing_t *outgoing = pia_alloc(sizeof *outgoing);
    (void)snprintf(outgoing->delivery, sizeof outgoing->delivery, "%s",
                   "01a216b1-c2e2-7903-af04-5a1def7eb79f");
    outgoing->attempt = 1;
    outgoing->channel = CHANNEL_WEBHOOK;
    outgoing->address = pia_strdup(address);
    outgoing->content = pia_strdup("{}");
    outgoing->size = 2;
    sender_give(sender, &outgoing);
}

/* The outcome of what ends next; fails the test if nothing does. */
static outcome_t next_outcome(sender_t *sender)
{
    outgoing_t *outgoing = NULL;
    while (!(outgoing = sender_take(sender))) {
        struct pollfd ended = {.fd = sender_descriptor(sender), .events = POLLIN};
        assert_int_equal(poll(&ended, 1, PATIENCE_MS), 1);
        uint64_t count = 0;
        (void)!read(ended.fd, &count, sizeof count);
    }
    outcome_t outcome = outgoing->outcome;
    outgoing_destroy(&outgoing);
    return outcome;
}

static void a_name_that_does_not_resolve_ends_with_its_deadline(void **state)
{
    (void)state;
    sender_options_t options = {.smtp_url = "smtp://127.0.0.1:1",
                                .smtp_user = "",
                                .smtp_password = "",
                                .from = "a@b.invalid",
                                .allow_private = true,
                                .timeout_ms = TIMEOUT_MS};
    sender_t *sender = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(sender_new(&options, &sender, &problem), PIA_OK);
    give(sender, "http://slow.invalid/");
    /* it comes back although its name is still being looked up, and so does what follows */
    assert_int_equal(next_outcome(sender), OUTGOING_FAILED);
    give(sender, "http://127.0.0.1:1/");
    assert_int_equal(next_outcome(sender), OUTGOING_FAILED);
    sender_destroy(&sender);
    open_door();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_does_not_resolve_ends_with_its_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
