/* pia-labellisation: dossiers, reviews, decisions and labels, by a procedure that is data. */
#include "labellisation.h"
#include "pdf.h"
#include "people.h"
#include "tool.h"

int main(int argc, char **argv)
{
    if (tool_is_meant(argc, argv))
        return tool_main(labellisation_options, argc, argv);
    labellisation_t self = {.library = library_new()};
    const pia_executor_hooks_t hooks = {.self = &self,
                                        .committed = labellisation_committed,
                                        .rolled_back = labellisation_rolled_back};
    const pia_service_t service = {
        .name = "labellisation",
        .options = labellisation_options,
        .migrations = labellisation_migrations,
        .routes = labellisation_routes,
        .self = &self,
        .open = labellisation_open,
        .tick = labellisation_tick,
        .stats = labellisation_stats,
        .follow = people_filter,
        .on_event = labellisation_on_event,
        .hooks = &hooks,
    };
    int result = pia_service_main(&service, argc, argv);
    pia_fresh_undo(&self.fresh, 0);
    library_destroy(&self.library);
    blob_store_destroy(&self.blobs);
    format_reader_destroy(&self.formats);
    export_forget(&self, true);
    pdf_forget_fonts();
    return result;
}
