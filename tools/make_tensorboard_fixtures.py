"""Makes Tests/Fixtures/Reports/tensorboard.json: records of events as TensorBoard's own code writes them.

Usage: python3 tools/make_tensorboard_fixtures.py   (needs tensorboard, numpy)
"""
import io
import json
import pathlib

import numpy
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def record(event):
    """The bytes of an event in a file."""
    file = io.BytesIO()
    RecordWriter(file).write(event.SerializeToString(deterministic=True))
    return file.getvalue().hex()


def event(**values):
    return event_pb2.Event(wall_time=1700000000.25, **values)


def summary(step, *values):
    return event(step=step, summary=summary_pb2.Summary(value=values))


value = summary_pb2.Summary.Value
counts = [3, 0, 5, 2]
low, high = -1.5, 0.5
width = (high - low) / len(counts)
centers = [low + (index + 0.5) * width for index in range(len(counts))]
text = "    1 one\n    2 two"
fixtures = {
    "version": record(event_pb2.Event(wall_time=1700000000.25, file_version="brain.Event:2")),
    "purge": record(event(step=41, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))),
    "scalars": record(summary(300, value(tag="loss/test", simple_value=0.1), value(tag="Verlust/größer", simple_value=-2.5e-8))),
    "histogram": record(summary(70000, value(tag="weights/layers.0.weight", histo=summary_pb2.HistogramProto(
        min=low, max=high, num=sum(counts), sum=float(numpy.dot(counts, centers)),
        sum_squares=float(numpy.dot(counts, numpy.square(centers))),
        bucket_limit=[low] + [low + index * width for index in range(1, len(counts))] + [high],
        bucket=[0] + counts)))),
    "text": record(summary(1, value(
        tag="sample",
        tensor=tensor_pb2.TensorProto(
            dtype=types_pb2.DT_STRING,
            tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)]),
            string_val=[text.encode()]),
        metadata=summary_pb2.SummaryMetadata(
            plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text"),
            data_class=summary_pb2.DATA_CLASS_TENSOR)))),
}
path = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "Reports" / "tensorboard.json"
path.write_text(json.dumps(fixtures, indent=1, sort_keys=True) + "\n")
