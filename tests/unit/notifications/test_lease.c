/* test_lease.c - leases are fenced, attempts are counted, pages are told once. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "campaign.h"
#include "lease.h"
#include "notifications_database.h"

#define PUBLICATION                                                                                \
    "{\"visibility\": \"public\", \"data\": {\"title\": \"T\", \"publication\": \"" STRUCTURE "\"" \
    "}}"

static notifications_database_t database;

static int begin(void **state)
{
    (void)state;
    notifications_database_init(&database, "2");
    notifications_database_contact(&database, CONTACT, NULL);
    notifications_database_event(&database, "1", "/poles/a", "publication.published", PUBLICATION);
    return 0;
}

static int end(void **state)
{
    (void)state;
    notifications_database_clear(&database);
    return 0;
}

static void expect(const char *sql, int64_t expected)
{
    assert_int_equal(notifications_database_integer(&database, sql), expected);
}

static void store_items(const campaign_t *campaign, const char *page, pia_status_t expected)
{
    pia_items_t items;
    assert_int_equal(pia_items_read(page, strlen(page), campaign_members, &items), PIA_OK);
    assert_int_equal(campaign_store(&database.service, campaign, &items), expected);
    pia_items_clear(&items);
}

#define ITEM(contact) "{\"subscription\":\"" STRUCTURE "\",\"contact\":\"" contact "\"}"

/* Two contacts, and two texts that are none. */
static void store_page(const campaign_t *campaign, const char *next, pia_status_t expected)
{
    char page[2048];
    (void)snprintf(page, sizeof page, "{\"items\":[%s,%s,%s,%s]%s%s%s}", ITEM(CONTACT),
                   ITEM(OUTSIDER), ITEM(""), ITEM(CONTACT CONTACT), next ? ",\"next\":\"" : "",
                   next ? next : "", next ? "\"" : "");
    store_items(campaign, page, expected);
}

/* One pending delivery, from a campaign's page. */
static void deliver(void)
{
    campaign_t campaign;
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_OK);
    store_page(&campaign, NULL, PIA_OK);
}

static outgoing_t *take(void)
{
    outgoing_t *list = NULL;
    assert_int_equal(lease_take(&database.service, CHANNEL_EMAIL, 10, &list), PIA_OK);
    return list;
}

static void record(outgoing_t *outgoing, outcome_t outcome)
{
    outgoing_end(outgoing, outcome, "%s", outcome == OUTGOING_SENT ? "" : "HTTP 500");
    assert_int_equal(lease_record(&database.service, outgoing), PIA_OK);
}

static void make_due(void)
{
    notifications_database_run(&database, "UPDATE delivery SET next_at = 0, lease_until = 0");
}

static size_t count_list(outgoing_t *list)
{
    size_t count = 0;
    while (list) {
        outgoing_t *next = list->next;
        outgoing_destroy(&list);
        list = next;
        count++;
    }
    return count;
}

/* One publication more, for this contact. */
static void deliver_another(const char *event, const char *contact)
{
    notifications_database_event(&database, event, "/poles/a", "publication.published",
                                 PUBLICATION);
    campaign_t campaign;
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_OK);
    char page[512];
    (void)snprintf(page, sizeof page, "{\"items\":[{\"subscription\":\"%s\",\"contact\":\"%s\"}]}",
                   STRUCTURE, contact);
    store_items(&campaign, page, PIA_OK);
}

static void who_lost_the_right_meanwhile_is_not_written_to(void **state)
{
    (void)state;
    notifications_database_contact(&database, OUTSIDER, REVIEWER);
    notifications_database_person(&database, REVIEWER, "reviewer", STRUCTURE);
    notifications_database_event(
        &database, "r", "/services/labellisation", "review.created",
        "{\"visibility\": \"restricted\", \"restrictedto\": \"role:reviewer\", \"data\":"
        " {\"title\": \"T\", \"recipients\": {\"persons\": [\"" REVIEWER "\"]}}}");
    outgoing_t *outgoing = take();
    assert_non_null(outgoing); /* a reviewer still */
    record(outgoing, OUTGOING_FAILED);
    assert_int_equal(count_list(outgoing), 1);
    make_due();
    notifications_database_person(&database, REVIEWER, "candidat", STRUCTURE);
    assert_null(take());
    expect("SELECT COUNT(*) FROM delivery WHERE channel = 'email' AND state = 'cancelled'", 1);
}

static void a_contact_has_its_share_of_places_and_no_more(void **state)
{
    (void)state;
    static const char *const events[] = {"2", "3", "4", "5", "6"};
    deliver();
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        deliver_another(events[i], CONTACT);
    }
    notifications_database_contact(&database, OUTSIDER, NULL);
    deliver_another("7", OUTSIDER);
    assert_int_equal(count_list(take()), LEASE_PER_CONTACT + 1);
    assert_int_equal(count_list(take()), 0);
    make_due();
    notifications_database_run(&database, "UPDATE delivery SET lease_until = 0");
    assert_int_equal(count_list(take()), LEASE_PER_CONTACT + 1);
}

static void channels_are_leased_apart(void **state)
{
    (void)state;
    deliver();
    outgoing_t *list = NULL;
    assert_int_equal(lease_take(&database.service, CHANNEL_WEBHOOK, 10, &list), PIA_OK);
    assert_null(list);
    assert_int_equal(count_list(take()), 1);
}

static void a_campaign_goes_on_where_its_page_ended(void **state)
{
    (void)state;
    campaign_t campaign;
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_OK);
    assert_int_equal(campaign.epoch, 1);
    assert_int_equal(campaign.sequence, 7);
    assert_string_equal(campaign.after, "");
    store_page(&campaign, "5", PIA_OK);
    campaign_t none;
    assert_int_equal(campaign_take(&database.service, &none), PIA_NOT_FOUND); /* it is leased */
    notifications_database_run(&database, "UPDATE campaign SET next_at = 0");
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_OK);
    assert_string_equal(campaign.after, "5");
    store_page(&campaign, NULL, PIA_OK);
    expect("SELECT COUNT(*) FROM delivery", 1); /* the same contact on both pages */
    notifications_database_run(&database, "UPDATE campaign SET next_at = 0");
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_NOT_FOUND);
}

static void an_older_holder_of_a_campaign_is_refused(void **state)
{
    (void)state;
    campaign_t first, second;
    assert_int_equal(campaign_take(&database.service, &first), PIA_OK);
    notifications_database_run(&database, "UPDATE campaign SET next_at = 0");
    assert_int_equal(campaign_take(&database.service, &second), PIA_OK);
    store_page(&first, "5", PIA_CONFLICT);
    assert_int_equal(campaign_give_back(&database.service, &first, true), PIA_OK);
    store_page(&second, NULL, PIA_OK);
    expect("SELECT COUNT(*) FROM campaign WHERE state = 'done'", 1);
}

static void a_campaign_that_failed_for_good_is_not_taken_again(void **state)
{
    (void)state;
    campaign_t campaign;
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_OK);
    assert_int_equal(campaign_give_back(&database.service, &campaign, false), PIA_OK);
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_NOT_FOUND); /* it waits */
    notifications_database_run(&database, "UPDATE campaign SET next_at = 0");
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_OK);
    assert_int_equal(campaign_give_back(&database.service, &campaign, true), PIA_OK);
    notifications_database_run(&database, "UPDATE campaign SET next_at = 0");
    assert_int_equal(campaign_take(&database.service, &campaign), PIA_NOT_FOUND);
}

static void a_leased_delivery_is_not_leased_again(void **state)
{
    (void)state;
    deliver();
    outgoing_t *outgoing = take();
    assert_non_null(outgoing);
    assert_int_equal(outgoing->attempt, 1);
    assert_string_equal(outgoing->address, "a@example.org");
    assert_non_null(strstr(outgoing->content, outgoing->delivery));
    assert_null(take());
    record(outgoing, OUTGOING_SENT);
    make_due();
    assert_null(take());
    expect("SELECT COUNT(*) FROM delivery WHERE state = 'sent' AND sent_at > 0", 1);
    outgoing_destroy(&outgoing);
}

static void a_lease_that_ended_is_fenced(void **state)
{
    (void)state;
    deliver();
    outgoing_t *first = take();
    make_due();
    outgoing_t *second = take();
    assert_non_null(second);
    assert_int_equal(second->attempt, 2);
    assert_string_equal(first->content, second->content); /* a repeat is the same bytes */
    record(first, OUTGOING_REFUSED);
    expect("SELECT COUNT(*) FROM delivery WHERE state = 'leased'", 1);
    record(second, OUTGOING_SENT);
    expect("SELECT COUNT(*) FROM delivery WHERE state = 'sent'", 1);
    outgoing_destroy(&first);
    outgoing_destroy(&second);
}

static void attempts_have_an_end(void **state)
{
    (void)state;
    deliver();
    outgoing_t *outgoing = take();
    record(outgoing, OUTGOING_FAILED);
    outgoing_destroy(&outgoing);
    assert_null(take()); /* it waits */
    make_due();
    outgoing = take();
    record(outgoing, OUTGOING_FAILED);
    outgoing_destroy(&outgoing);
    make_due();
    assert_null(take());
    expect("SELECT COUNT(*) FROM delivery WHERE state = 'failed' AND problem = 'HTTP 500'", 1);
}

static void leases_that_were_never_recorded_have_an_end_too(void **state)
{
    (void)state;
    deliver();
    for (int i = 0; i < 2; i++) {
        outgoing_t *outgoing = take();
        assert_non_null(outgoing);
        outgoing_destroy(&outgoing);
        make_due();
    }
    assert_null(take());
    expect("SELECT COUNT(*) FROM delivery WHERE state = 'failed'", 1);
}

static void a_contact_that_ended_is_not_written_to(void **state)
{
    (void)state;
    deliver();
    assert_int_equal(contact_end(database.db, CONTACT, "removed"), PIA_OK);
    assert_null(take());
    expect("SELECT COUNT(*) FROM delivery WHERE state = 'cancelled'", 1);
    expect("SELECT COUNT(*) FROM contact WHERE address IS NULL AND version = 2", 1);
}

static void gone_ends_the_contact(void **state)
{
    (void)state;
    deliver();
    outgoing_t *outgoing = take();
    record(outgoing, OUTGOING_GONE);
    outgoing_destroy(&outgoing);
    expect("SELECT COUNT(*) FROM contact WHERE state = 'gone'", 1);
    expect("SELECT COUNT(*) FROM delivery WHERE state = 'failed'", 1);
}

static void a_dead_processs_leases_are_given_back(void **state)
{
    (void)state;
    deliver();
    outgoing_t *outgoing = take();
    outgoing_destroy(&outgoing);
    assert_int_equal(lease_release_all(database.db), PIA_OK);
    outgoing = take();
    assert_non_null(outgoing);
    assert_int_equal(outgoing->attempt, 2);
    outgoing_destroy(&outgoing);
}

/* Whatever is configured: the shortest lease that is allowed, the usual one, the longest. */
static void a_page_is_not_waited_for_beyond_half_of_its_lease(void **state)
{
    (void)state;
    assert_int_equal(campaign_ask_ms(1000), 500);
    assert_int_equal(campaign_ask_ms(60000), 10000);
    assert_int_equal(campaign_ask_ms(3600000), 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_not_waited_for_beyond_half_of_its_lease),
        cmocka_unit_test_setup_teardown(a_campaign_goes_on_where_its_page_ended, begin, end),
        cmocka_unit_test_setup_teardown(an_older_holder_of_a_campaign_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_campaign_that_failed_for_good_is_not_taken_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(who_lost_the_right_meanwhile_is_not_written_to, begin, end),
        cmocka_unit_test_setup_teardown(a_contact_has_its_share_of_places_and_no_more, begin, end),
        cmocka_unit_test_setup_teardown(channels_are_leased_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_leased_delivery_is_not_leased_again, begin, end),
        cmocka_unit_test_setup_teardown(a_lease_that_ended_is_fenced, begin, end),
        cmocka_unit_test_setup_teardown(attempts_have_an_end, begin, end),
        cmocka_unit_test_setup_teardown(leases_that_were_never_recorded_have_an_end_too, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_contact_that_ended_is_not_written_to, begin, end),
        cmocka_unit_test_setup_teardown(gone_ends_the_contact, begin, end),
        cmocka_unit_test_setup_teardown(a_dead_processs_leases_are_given_back, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
