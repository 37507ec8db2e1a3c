"""All figures by name, in the order in which they are measured. Their docstrings are --list's."""

from harness import figures_publish, figures_streams

FIGURES = {
    "publish4": figures_publish.publish4,
    "publish1": figures_publish.publish1,
    "publish-one": figures_publish.publish_one,
    "fanout": figures_streams.fanout,
    "latency": figures_streams.latency,
    "replay": figures_streams.replay,
}
