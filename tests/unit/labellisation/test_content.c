/* test_content.c - what a definition says of a dossier's content, parts of files, what files are,
 * and what differs between two texts. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "definition.h"
#include "format.h"
#include "section.h"
#include "upload.h"

static const char whole[] =
    "{'format': 1, 'name': 'bilan', 'version': 1, 'title': 'Bilan', 'themes': ['habitat'],"
    " 'sectors': [], 'content': {'draft_in': ['ouvert'], 'complete_in': [],"
    "  'sections': [{'name': 'projet', 'label': 'Projet', 'max': 100, 'required': true}],"
    "  'pieces': [{'name': 'budget', 'label': 'Budget', 'formats': ['pdf', 'xlsx'], 'files_max': "
    "2},"
    "             {'name': 'rib', 'label': 'RIB', 'formats': ['png'], 'indispensable': true}]},"
    " 'machines': {'dossier': {'readers': ['secretariat'],"
    "  'states': [{'name': 'ouvert', 'label': 'Ouvert', 'initial': true},"
    "             {'name': 'clos', 'label': 'Clos', 'final': true}],"
    "  'transitions': ["
    "   {'name': 'ouvrir', 'label': 'Ouvrir', 'from': [], 'to': 'ouvert', 'roles': ['candidat']},"
    "   {'name': 'clore', 'label': 'Clore', 'from': ['ouvert'], 'to': 'clos', 'roles': "
    "['candidat'],"
    "    'requires': [{'name': 'pieces', 'label': 'Pièces', 'type': 'pieces', 'max': 8},"
    "                 {'name': 'fin', 'label': 'Fin', 'type': 'date'}],"
    "    'effects': [{'name': 'file_content'},"
    "                {'name': 'issue_receipt', 'rule': 'silence-rejet'},"
    "                {'name': 'request_pieces', 'pieces': 'pieces', 'until': 'fin', 'fact': 'ind'},"
    "                {'name': 'close_request', 'value': 'lapsed'}]}]}}}";

/* `whole` with the first `old` replaced and double quotes, loaded. */
static pia_status_t
load(const char *old, const char *new, definition_t **ret_definition, pia_problem_t *problem)
{
    const char *at = strstr(whole, old);
    assert_non_null(at);
    size_t size = strlen(whole) + strlen(new) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    snprintf(text, size, "%.*s%s%s", (int)(at - whole), whole, new, at + strlen(old));
    for (char *quote = text; *quote; quote++)
        if (*quote == '\'')
            *quote = '"';
    pia_status_t status = definition_load(text, strlen(text), ret_definition, problem);
    free(text);
    return status;
}

static void a_definition_names_sections_and_pieces(void **state)
{
    (void)state;
    definition_t *definition = NULL;
    pia_problem_t problem = {.detail = ""};
    if (load("", "", &definition, &problem) != PIA_OK)
        fail_msg("%s: %s", problem.pointer, problem.detail);
    const content_t *content = &definition->content;
    assert_int_equal(content->draft_in, 1);
    assert_true(content_section(content, "projet")->required);
    assert_int_equal(content_section(content, "projet")->max, 100);
    assert_int_equal(content_piece(content, "budget")->files_max, 2);
    assert_false(content_piece(content, "budget")->indispensable);
    assert_true(content_piece(content, "rib")->indispensable);
    assert_int_equal(content_piece(content, "rib")->files_max, 1);
    assert_null(content_piece(content, "projet"));
    definition_destroy(&definition);
}

static void each_fault_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new, *pointer;
    } faults[] = {
        {"'draft_in': ['ouvert']", "'draft_in': ['ferme']", "/content/draft_in/0"},
        {"'draft_in': ['ouvert']", "'draft_in': []", "/content/draft_in"},
        {"'complete_in': []", "'complete_in': ['x']", "/content/complete_in/0"},
        {"'name': 'projet'", "'name': 'Projet'", "/content/sections/0/name"},
        {"'max': 100", "'max': 65537", "/content/sections/0/max"},
        {"'name': 'rib'", "'name': 'budget'", "/content/pieces/1/name"},
        {"['png']", "['exe']", "/content/pieces/1/formats/0"},
        {"'files_max': 2", "'files_max': 0", "/content/pieces/0/files_max"},
        {"'silence-rejet'", "'retrait'", "/machines/dossier/transitions/1/effects/1/rule"},
        {"'until': 'fin'", "'until': 'pieces'", "/machines/dossier/transitions/1/effects/2/until"},
        {"'pieces': 'pieces'", "'pieces': 'fin'",
         "/machines/dossier/transitions/1/effects/2/pieces"},
        {"'max': 8}", "'max': 33}", "/machines/dossier/transitions/1/requires/0/max"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        definition_t *definition = NULL;
        pia_problem_t problem = {.detail = ""};
        pia_status_t status = load(faults[i].old, faults[i].new, &definition, &problem);
        if (status != PIA_INVALID || strcmp(problem.pointer, faults[i].pointer) != 0)
            fail_msg("%s: %d at %s: %s", faults[i].new, status, problem.pointer, problem.detail);
    }
}

static void assert_plan(int64_t held, int64_t offset, size_t size, size_t skip, size_t take)
{
    const upload_t upload = {.size = 100, .held = held};
    upload_plan_t plan;
    assert_int_equal(upload_plan(&upload, offset, size, &plan, NULL), PIA_OK);
    assert_int_equal(plan.skip, skip);
    assert_int_equal(plan.take, take);
}

static void what_is_held_is_passed_over(void **state)
{
    (void)state;
    assert_plan(0, 0, 100, 0, 100);
    assert_plan(40, 40, 60, 0, 60);
    assert_plan(40, 30, 20, 10, 10);
    assert_plan(40, 0, 40, 40, 0);
    assert_plan(100, 90, 10, 10, 0);
    assert_plan(40, 0, 10, 10, 0);
}

static void a_part_beyond_what_is_held_or_the_file_is_refused(void **state)
{
    (void)state;
    const upload_t upload = {.size = 100, .held = 40};
    upload_plan_t plan;
    pia_problem_t problem;
    assert_int_equal(upload_plan(&upload, 41, 10, &plan, &problem), PIA_CONFLICT);
    assert_string_equal(problem.pointer, "/offset");
    assert_non_null(strstr(problem.detail, "40 bytes are held"));
    assert_int_equal(upload_plan(&upload, INT64_MAX, 10, &plan, &problem), PIA_CONFLICT);
    assert_int_equal(upload_plan(&upload, 40, 61, &plan, &problem), PIA_INVALID);
    assert_int_equal(upload_plan(&upload, 40, SIZE_MAX / 2, &plan, &problem), PIA_INVALID);
    assert_int_equal(upload_plan(&upload, 40, 0, &plan, &problem), PIA_INVALID);
}

static void a_part_is_base64_and_bounded(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = upload_decode("w6l0w6k=", &size);
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "été", 5);
    free(bytes);
    static const char *const bad[] = {"w6l0w6k", "w6l0 w6k=", "w6l0w6k=x",       "w6l0w6k_",
                                      "é",       "=",         "\xc3\xc2\xc2\xc2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(upload_decode(bad[i], &size));
}

static void names_of_files_have_no_folder(void **state)
{
    (void)state;
    assert_true(upload_is_name("Statuts (signés) été 2026.pdf"));
    static const char *const bad[] = {"", ".", "..", ".htaccess", "a/b", "a\\b", "a\nb", "a\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(upload_is_name(bad[i]));
}

static const char *format_of(format_reader_t *reader, const void *head, size_t size)
{
    const format_t *format = NULL;
    json_t *all =
        json_pack("[s,s,s,s,s,s,s,s]", "pdf", "png", "jpeg", "odt", "ods", "docx", "xlsx", "txt");
    pia_status_t status = format_read(reader, head, size, all, &format, NULL);
    json_decref(all);
    return status == PIA_OK ? format->name : "none";
}

/* Local headers of a zip whose entries are stored and empty, but for the first one's content. */
static size_t make_zip(char *zip, const char *const *names, const char *content)
{
    static const char signature[5] = {'P', 'K', 3, 4, 20};
    size_t used = 0;
    for (size_t i = 0; names[i]; i++) {
        size_t size = i == 0 ? strlen(content) : 0, length = strlen(names[i]);
        memset(zip + used, 0, 30);
        memcpy(zip + used, signature, sizeof signature);
        zip[used + 18] = zip[used + 22] = (char)size;
        zip[used + 26] = (char)length;
        (void)snprintf(zip + used + 30, length + 1, "%s", names[i]);
        (void)snprintf(zip + used + 30 + length, size + 1, "%s", content);
        used += 30 + length + size;
    }
    return used;
}

static void files_are_what_their_content_says(void **state)
{
    (void)state;
    format_reader_t *reader = NULL;
    char zip[512];
    assert_int_equal(format_reader_new(&reader, NULL), PIA_OK);
    assert_string_equal(format_of(reader, "%PDF-1.7\n%\xe2\xe3", 12), "pdf");
    assert_string_equal(format_of(reader, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1", 20), "png");
    assert_string_equal(format_of(reader, "\xff\xd8\xff\xe0\0\x10JFIF\0\1\1", 13), "jpeg");
    assert_string_equal(format_of(reader, "Bonjour, ça va ?\n", 18), "txt");
    const char *const odt[] = {"mimetype", "content.xml", NULL};
    size_t size = make_zip(zip, odt, "application/vnd.oasis.opendocument.text");
    assert_string_equal(format_of(reader, zip, size), "odt");
    size = make_zip(zip, odt, "application/vnd.oasis.opendocument.spreadsheet");
    assert_string_equal(format_of(reader, zip, size), "ods");
    const char *const docx[] = {"[Content_Types].xml", "_rels/.rels", "word/document.xml",
                                "word/styles.xml", NULL};
    size = make_zip(zip, docx, "<?xml?>");
    assert_string_equal(format_of(reader, zip, size), "docx");
    const char *const xlsx[] = {"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml",
                                "xl/styles.xml", NULL};
    size = make_zip(zip, xlsx, "<?xml?>");
    assert_string_equal(format_of(reader, zip, size), "xlsx");
    const char *const other[] = {"virus.exe", "a", NULL};
    size = make_zip(zip, other, "MZ");
    assert_string_equal(format_of(reader, zip, size), "none");
    assert_string_equal(format_of(reader, "MZ\x90\0\3\0\0\0", 8), "none");
    assert_string_equal(format_of(reader,
                                  "\x7f"
                                  "ELF\2\1\1",
                                  7),
                        "none");
    assert_string_equal(format_of(reader, "<html><body>", 12), "none");
    assert_string_equal(format_of(reader, "\0\1\2\3", 4), "none");
    format_reader_destroy(&reader);
}

static void
assert_change(const char *before, const char *after, int64_t line, const char *out, const char *in)
{
    json_t *change = section_change(before, after);
    assert_int_equal(json_integer_value(json_object_get(change, "line")), line);
    assert_string_equal(json_string_value(json_object_get(change, "before")), out);
    assert_string_equal(json_string_value(json_object_get(change, "after")), in);
    json_decref(change);
}

static void what_differs_are_whole_lines(void **state)
{
    (void)state;
    assert_null(section_change("a\nb\n", "a\nb\n"));
    assert_null(section_change("", ""));
    assert_change("a\nb\nc\n", "a\nB\nc\n", 2, "b\n", "B\n");
    assert_change("a\nb\n", "a\nx\nb\n", 2, "", "x\n");
    assert_change("a\nx\nb\n", "a\nb\n", 2, "x\n", "");
    assert_change("été\n", "étà\n", 1, "été\n", "étà\n"); /* never half a letter */
    assert_change("", "a", 1, "", "a");
    assert_change("a", "a\n", 1, "a", "a\n");
    assert_change("x\nx\nx\n", "x\nx\n", 3, "x\n", "");
    assert_change("ab", "cb", 1, "ab", "cb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_definition_names_sections_and_pieces),
        cmocka_unit_test(each_fault_is_told_with_its_place),
        cmocka_unit_test(what_is_held_is_passed_over),
        cmocka_unit_test(a_part_beyond_what_is_held_or_the_file_is_refused),
        cmocka_unit_test(a_part_is_base64_and_bounded),
        cmocka_unit_test(names_of_files_have_no_folder),
        cmocka_unit_test(files_are_what_their_content_says),
        cmocka_unit_test(what_differs_are_whole_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
