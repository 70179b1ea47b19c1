#!/usr/bin/env python3
"""Writes Tests/Fixtures/tokenizers.json: what Python's `tokenizers` learns and how it encodes.

Run it with Python and tokenizers installed:  python tools/make_tokenizer_fixtures.py
The same version of tokenizers writes the same bytes.

With --all FILE it writes a large file of the same form, with every Unicode scalar and thousands of random strings. The
test reads it too where the environment variable BACKPROP_TOKENIZER_FIXTURE names it. --text FILE learns from that text.
With --check FOLDER it reads FOLDER/*.json, tokenizers that Swift saved, and FOLDER/*.cases, what they give.
"""

import argparse
import json
import pathlib
import random

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

FILE = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Fixtures" / "tokenizers.json"
TEXT = """A network learns when its weights change; it's the gradient that says how they'll change. We've seen it, haven't we?
The loss falls, the loss rises, the loss falls again -- and in the end it's lower than it was: 2.31, 1.97, 1.88, 1.88.

    for step in 0..<1000 {
        loss = model(batch)
    }

Ein Netz lernt, wenn sich seine Gewichte ändern. Un réseau apprend quand ses poids changent; l'été, il apprend encore.
Сеть учится, когда меняются её веса. Сеть учится снова и снова. 神经网络通过改变权重来学习。神经网络学习。
aaaa aaa aaaaa aaaaaaa abababab ababab aaaa aaaaaaaaa \t\t\t  \t \n\n\n   \u00a0\u3000 x² ½ ٣٤ Ⅷ 😀😀 👍🏽 e\u0301 é 🇩🇪
"""
EDGES = [
    "", " ", "  ", "\n", " \n ", "a", " a", "  a", "a ", "a  ", "a\n\nb", "a \n b", "\u00a0a", "\u3000\u3000a",
    "'s", "'S", "it's", "it'sa", "'lll", "'rest", "''s", " 's", "'", "'r", "'re", "'v", "don't've", "l'été",
    "1234 5", "a1b2", "x²½Ⅷ", "!!!", "a!?b", " !", "!a", "\x00\x01\x7f", "\u0085\u2028", "e\u0301", "\u0301",
    "😀 😀", "👍🏽", "\ufeff", "\uffff\U0010ffff", "aaaaaaaaaaaaaaaa", "ababababababa" * 30, "<|endoftext|>",
    "a<|endoftext|>b", " <|endoftext|> ", "<|endoftext|><|endoftext|>", "<|endoftext", "New York", "in New Yorker",
    "<s><s>New<s>York", " xyzzy", "xyzzy", "a xyzzy xyzzyx", "<s>a b", "<s> a", "  New York  ", "<long", "<long>er",
]


def byte_level(add_prefix_space, **model):
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def trained(text, size, add_prefix_space=False, special=()):
    tokenizer = byte_level(add_prefix_space)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=list(special), show_progress=False))
    return tokenizer


def random_strings(count, seed):
    chance = random.Random(seed)
    # Half of the draws are where classes change often.
    pools = [range(0x20, 0x7F), range(0x09, 0x0E), range(0xA0, 0x250), range(0x300, 0x530), range(0x2000, 0x2070),
             range(0x2150, 0x2190), range(0x3000, 0x3100), range(0x1F300, 0x1F650), range(0, 0xD800),
             range(0xE000, 0x110000), [0x20], [0x20], [0x27, 0x73, 0x72, 0x65, 0x6C, 0x76]]
    return ["".join(chr(chance.choice(chance.choice(pools))) for _ in range(chance.randrange(1, 24)))
            for _ in range(count)]


def legacy_merges(text):
    """The form of older files: merges as "a b", no type and no use_regex."""
    content = json.loads(text)
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    del content["model"]["type"], content["pre_tokenizer"]["use_regex"], content["decoder"]["use_regex"]
    return json.dumps(content)


def files(text):
    plain = trained(text, 400)
    prefix = trained(text, 330, add_prefix_space=True, special=["<|endoftext|>"])
    prefix.add_tokens(["New York", "New Yorker", AddedToken("<long", normalized=False)])
    prefix.add_special_tokens(["<s>", "<long>"])
    whole = json.loads(plain.to_str())
    for word in ["Ġxyzzy", "xyzzy"]:
        whole["model"]["vocab"][word] = len(whole["model"]["vocab"])
    whole["model"]["ignore_merges"] = True
    return {"plain": plain.to_str(), "prefix": legacy_merges(prefix.to_str()), "whole words": json.dumps(whole)}


def one_case_a_line(content, ascii_only):
    """JSON in which a change of one case changes one line."""
    def line(value):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only)

    files = []
    for file in content["files"]:
        cases = ",\n".join(line(case) for case in file["cases"])
        files.append(f'{{"name":{line(file["name"])},"file":{line(file["file"])},"cases":[\n{cases}]}}')
    return (f'{{"text":{line(content["text"])},\n"learned":{line(content["learned"])},\n"files":[\n'
            + ",\n".join(files) + "]}\n")


def check(folder):
    for path in sorted(folder.glob("*.json")):
        tokenizer = Tokenizer.from_file(str(path))
        cases = json.loads(path.with_suffix(".cases").read_text())
        for case in cases:
            ids = tokenizer.encode(case["text"], add_special_tokens=False).ids
            assert ids == case["ids"], (path, case, ids)
            assert tokenizer.decode(ids, skip_special_tokens=False) == case["text"], (path, case)
        print(f"{path.name}: {len(cases)} texts encoded and decoded alike")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.check:
        return check(arguments.check)
    text = arguments.text.read_bytes().decode() if arguments.text else TEXT
    strings = EDGES + [text[:3000]] + random_strings(5000 if arguments.all else 60, seed=1)
    if arguments.all:
        scalars = [chr(value) for value in range(0x110000) if not 0xD800 <= value < 0xE000]
        strings += ["".join(f"{c}a{c}1" for c in scalars[start:start + 4096])
                    for start in range(0, len(scalars), 4096)]
    content = []
    for name, file in files(text).items():
        tokenizer = Tokenizer.from_str(file)
        cases = [{"text": string, "ids": tokenizer.encode(string, add_special_tokens=False).ids}
                 for string in strings]
        content.append({"name": name, "file": file, "cases": cases})
    learned = json.loads(trained(text, 400).to_str())["model"]["merges"]
    (arguments.all or FILE).write_text(
        one_case_a_line({"text": text, "learned": learned, "files": content}, ascii_only=not arguments.all))


if __name__ == "__main__":
    main()
