"""Scalars in TensorBoard's format, for machines without the tensorboard package: what torch.utils.tensorboard writes, and no more."""
import os
import struct
import time

_TABLE = []
for n in range(256):
    for _ in range(8):
        n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
    _TABLE.append(n)


def _masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append((n & 0x7F) | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def _field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


class SummaryWriter:
    def __init__(self, log_dir):
        os.makedirs(log_dir, exist_ok=True)
        self._file = open(os.path.join(log_dir, f"events.out.tfevents.{int(time.time())}.host.{os.getpid()}.0"), "wb")
        self._write(_field(3, b"brain.Event:2"))

    def add_scalar(self, tag, value, step):
        summary = _field(1, _field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))
        self._write(b"\x10" + _varint(step) + _field(5, summary))

    def flush(self):
        self._file.flush()

    def _write(self, event):
        event = b"\x09" + struct.pack("<d", time.time()) + event
        length = struct.pack("<Q", len(event))
        self._file.write(length + struct.pack("<I", _masked_crc(length)) + event + struct.pack("<I", _masked_crc(event)))
