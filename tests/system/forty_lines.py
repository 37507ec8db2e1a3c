"""Publishes, follows and resumes; written from proto/README.md alone. usage: DATA-DIRECTORY POLE"""
import base64, json, struct, sys, uuid  # noqa: E401

import zmq

data, pole = sys.argv[1:3]


def connect(name):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(f"ipc://{data}/run/{name}.sock")
    return socket


def ask(number, body):  # a request through the broker: MDP 0.2 with the PIA header
    socket, name = connect("broker"), uuid.uuid4().bytes
    header = b"PIA1" + struct.pack(">BBH16sQ", 1, 0, number, name, 5000)
    socket.send_multipart([b"MDPC02", b"\1", b"registry", header, b"", json.dumps(body).encode()])
    return json.loads(socket.recv_multipart()[-1])


def follow(cursor, count):  # yields count events; the cursor after each frame is printed last
    socket.send_multipart([b"PIAD01", b"\3", struct.pack(">I", 1), token,
                           json.dumps({"cursor": cursor, "credit": count}).encode()])
    while count:
        command, *frames = socket.recv_multipart()[1:]
        if command == b"\x83":  # data: stream, from, to, records
            records, at = frames[3], 0
            while at < len(records):
                epoch, sequence, _, _, size = struct.unpack_from(">IQQ4sI", records, at)
                yield frames[2].decode(), sequence, json.loads(records[at + 28 : at + 28 + size])
                at, count = at + 28 + size, count - 1


token = base64.b64decode(ask(256, {"key": open(data + "/admin.key").read().strip()})["token"])
socket = connect("diffusion")
events = [json.dumps({"specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/poles/{pole}",
                      "type": "essai.fait", "data": n}).encode() for n in range(20)]
batch = b"".join(struct.pack(">I", len(e)) + e for e in events)
socket.send_multipart([b"PIAD01", b"\2", struct.pack(">Q", 1), token, batch])
first, = struct.unpack_from(">Q", socket.recv_multipart()[3], 20)  # journal, epoch, sequence …
*_, (cursor, last, _) = follow("", first + 4)  # up to our fifth event, then go away
socket = connect("diffusion")
assert [e["data"] for _, _, e in follow(cursor, 15)] == list(range(5, 20))
print("resumed without a hole after", last)
