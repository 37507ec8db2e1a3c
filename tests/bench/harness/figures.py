"""All figures by name, in the order in which they are measured. Their docstrings are --list's."""

from harness import (figures_growth, figures_matching, figures_procedure, figures_publish,
                     figures_streams)

FIGURES = {
    "publish4": figures_publish.publish4,
    "publish1": figures_publish.publish1,
    "publish-one": figures_publish.publish_one,
    "fanout": figures_streams.fanout,
    "latency": figures_streams.latency,
    "replay": figures_streams.replay,
    "match": figures_matching.match,
    "audience": figures_matching.audience,
    "growth": figures_growth.growth,
    "start": figures_growth.start,
    "transitions": figures_procedure.transitions,
    "dossiers": figures_procedure.dossiers,
    "timers": figures_procedure.timers,
}
