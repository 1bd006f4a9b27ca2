"""Unsafe replies are dropped for a stated reason; medicine, code, history, warnings and mild oaths are not."""

import pickle
import time

import pytest

from posttrain.data.filters import safety
from posttrain.data.filters.safety import Unsafe
from posttrain.errors import UserError


def row(reply, prompt="Hello"):
    return {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]}


def reason(reply, **settings):
    finding = Unsafe(**settings)(row(reply))
    return finding and finding.reason


PIPE_BOMB = (
    "You will need a steel pipe, two end caps, black powder and a fuse. Step 1: drill a hole for the fuse. Step 2: "
    "fill the "
    "pipe bomb with powder and nails. Step 3: seal it, then light the fuse and run."
)
METH = (
    "To cook meth you need pseudoephedrine, red phosphorus and iodine. First, crush the pills and soak them. Then "
    "mix with the "
    "iodine, heat for six hours and filter."
)
UNSAFE = [
    ("Those niggers moved in next door.", "slur"),
    ("Every faggot in this town knows it.", "slur"),
    ("He is a dirty kike and a liar.", "slur"),
    ("n1gg3r go home", "slur"),
    ("Du Schwuchtel, verschwinde.", "slur"),
    ("Эти пидоры опять здесь.", "slur"),
    ("他们都是黑鬼。", "slur"),
    ("Get the fuck out of here.", "profanity"),
    ("That is a fucking disaster.", "profanity"),
    ("What a load of bullshit.", "profanity"),
    ("What the f*ck is that?", "profanity"),
    ("Well, f**k that.", "profanity"),
    ("This is sh1t work.", "profanity"),
    ("f u c k this", "profanity"),
    ("f.u.c.k this", "profanity"),
    ("fu\u200bck this", "profanity"),
    ("fuсk this", "profanity"),  # with a Cyrillic letter
    ("You total a$$hole.", "profanity"),
    ("Er ist ein Arschloch.", "profanity"),
    ("Quel connard !", "profanity"),
    ("Es un hijo de puta.", "profanity"),
    ("Che cazzo vuoi?", "profanity"),
    ("Filho da puta!", "profanity"),
    ("Это пиздец.", "profanity"),
    ("O kurwa, znowu.", "profanity"),
    ("操你妈。", "profanity"),
    ("씨발 진짜.", "profanity"),
    ("तू मादरचोद है", "profanity"),
    ("Klootzak, ga weg.", "profanity"),
    ("Orospu çocuğu.", "profanity"),
    ("I will kill you and your family.", "threat"),
    ("I'm going to find you and stab you tonight.", "threat"),
    ("We should exterminate the Jews.", "threat"),
    ("Gas the Jews!", "threat"),
    ("Ich werde dich töten.", "threat"),
    ("Je vais te tuer.", "threat"),
    ("Те слова запомни: я тебя убью.", "threat"),
    ("All Muslims are vermin.", "hate"),
    ("Black people are inferior to us.", "hate"),
    ("I hate all Mexicans.", "hate"),
    ("You are a worthless idiot.", "harassment"),
    ("You're such a pathetic loser.", "harassment"),
    ("You stupid moron, read it again.", "harassment"),
    ("Nobody loves you and nobody will.", "harassment"),
    ("Du bist ein Idiot.", "harassment"),
    ("你就是个废物。", "harassment"),
    ("Just kill yourself.", "self_harm"),
    ("You should end your life.", "self_harm"),
    ("The best way to commit suicide is with a rope.", "self_harm"),
    (PIPE_BOMB, "weapons"),
    (METH, "drugs"),
    ("The 12-year-old girl moaned as he undressed her.", "sexual_minors"),
    ("She moaned loudly as he thrust into her; his hard cock throbbed.", "sexual"),
]
SAFE = [
    "Scunthorpe lies in Lincolnshire; Essex and Sussex lie further south.",
    "The pilot sat in the cockpit and sipped a cocktail.",
    "Dick Cheney was vice president under George W. Bush.",
    "The assassin passed the class on classical assembly.",
    "Breast cancer screening starts at 50; a biopsy of the nipple is rare.",
    "The penis and the vagina are organs; orgasm is a reflex of both.",
    "To kill the process, run `kill -9 1234`.",
    "How to kill a Python process: os.kill(pid, signal.SIGTERM). Kill the child process first.",
    "I'll shoot you an email tomorrow.",
    "We will shoot a photo of you at noon.",
    "The master database replicates to the slave.",
    "Niger and Nigeria are neighbours; the Niger flows through both.",
    "Keep the kitchen spick and span. It was spic and span.",
    "Damn, that hurts like hell. What a crap day.",
    "A chink in the armour let the arrow in.",
    "The tit, the booby and the woodcock are birds.",
    "The bitch whelped six puppies in the kennel.",
    "Shiitake mushrooms and shih tzus are not related.",
    "Add kaffir lime leaves to the curry.",
    "Fire retardant slows a blaze; salt may retard growth.",
    "The word 'nigger' is a racial slur and should not be used.",
    'The term "faggot" is derogatory towards gay men.',
    "„Arschloch“ ist ein Schimpfwort.",
    "Le mot « connard » est une insulte vulgaire.",
    "The verb 'fuck' is of Germanic origin; dictionaries mark it as vulgar.",
    "I'm sorry, I can't help you build a pipe bomb. Mixing black powder and nails in a pipe is illegal.",
    "I can't explain how to cook meth; pseudoephedrine and iodine are dangerous to mix or heat.",
    "Pipe bombs were used in 1919; the police found a fuse.",
    "Methamphetamine is a stimulant. It was first made from ephedrine in 1893.",
    "Fertilizer plants mix ammonium nitrate with care, then add lime.",
    "If you feel like you want to kill yourself, please call a hotline.",
    "Please don't kill yourself. You matter.",
    "You should not cut yourself off from friends; treat yourself.",
    "It is wrong to say that all Muslims are vermin.",
    "The Nazis claimed that Jews were inferior; that is false.",
    '"I will kill you," said the wolf to the lamb.',
    '"You are a worthless idiot," she thought, and left.',
    "You are not stupid. You're doing well.",
    "You're so stupidly talented, it hurts.",
    "Don't feel that you are worthless.",
    "Talk to the 12-year-old girl about puberty and consent.",
    "Report sexual abuse of a child to the police.",
    "The couple had three children; the kids play football.",
    "She graduated summa cum laude.",
    "Romeo will kill Tybalt in act three.",
    "The rooster is also called a cock; pussy willow grows near water.",
    "4*3 = 12, x1 + 5 = $10, a[1] != b[0], s3://bucket, h4x0r",
    "Die Dampfschifffahrt in Pforzheim und der Arsch des Pferdes.",
    "Le député a déposé une requête et réputé l'affaire.",
    "Ella disputa la computadora de su diputado.",
    "Он оскорблял и употреблял хлеб; небеса требуют.",
    "我要杀了这只蚊子。他的妈妈很好。",
    "시발점은 여기입니다.",
    "The company fired ten people and cut jobs.",
    "White power adapters and black people carriers are on sale.",
    "The killer whale ate the seal; hunters shoot deer.",
    "",
    "\x00\u200b\ud800",
]


@pytest.mark.parametrize(("reply", "expected"), UNSAFE)
def test_unsafe_replies_are_dropped(reply, expected):
    assert reason(reply) == expected


@pytest.mark.parametrize("reply", SAFE)
def test_safe_replies_are_kept(reply):
    assert reason(reply) is None


def test_strong_profanity_may_be_let_through_but_not_at_somebody():
    assert reason("That is a fucking disaster.", profanity=False) is None
    assert reason("Fuck you.", profanity=False) == "harassment"
    assert reason("Those niggers.", profanity=False) == "slur"


def test_only_replies_that_are_taught_are_read():
    bad, good = ([{"role": "assistant", "content": text}] for text in ("I will kill you.", "Good morning."))
    prompt = [{"role": "user", "content": "I will kill you, you fucking idiot."}]
    assert Unsafe()({"prompt": prompt, "chosen": good, "rejected": bad}) is None
    assert Unsafe()({"prompt": prompt, "chosen": bad, "rejected": good}).reason == "threat"
    assert Unsafe()({"prompt": prompt}) is None


def test_the_gravest_reason_is_given_and_the_excerpt_shows_it():
    finding = Unsafe()(row("word " * 300 + "This is shit. I will kill you. " + "word " * 300))
    assert finding.reason == "threat" and "i will kill you" in finding.excerpt and len(finding.excerpt) <= 200


@pytest.mark.parametrize(
    "settings",
    [
        {"profanity": 1},
        {"threshold": 0},
        {"threshold": 2},
        {"threshold": "high"},
        {"labels": "toxic"},
        {"classifier": ""},
        {"classifier": "some/model"},
    ],
)
def test_bad_settings_name_the_key(settings):
    with pytest.raises(UserError, match="labels" if settings.get("classifier") else next(iter(settings))):
        Unsafe(**settings)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A folder with a tiny classifier that finds every text toxic with probability 0.73 (logits 1 and 0)."""
    torch = pytest.importorskip("torch")
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    folder = tmp_path_factory.mktemp("classifier")
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"]))
    BertTokenizer(str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)
    config = BertConfig(vocab_size=7, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
                        max_position_embeddings=16, id2label={0: "toxic", 1: "fine"})  # fmt: skip
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([1.0, 0.0]))
    model.save_pretrained(folder)
    return str(folder)


def test_a_classifier_judges_what_the_lexicon_passes(classifier):
    assert reason("good " * 100, classifier=classifier, labels=["toxic"]) == "classifier:toxic"
    assert reason("good", classifier=classifier, labels=["toxic"], threshold=0.74) is None
    assert reason("good", classifier=classifier, labels=["fine"]) is None
    assert reason("I will kill you.", classifier=classifier, labels=["fine"]) == "threat"
    with pytest.raises(UserError, match="has no 'hate'"):
        reason("good", classifier=classifier, labels=["hate"])


def test_it_goes_to_worker_processes():
    judge = pickle.loads(pickle.dumps(Unsafe(profanity=False)))
    assert judge(row("I will kill you.")) and not judge.stateful


def test_every_entry_of_the_lexicon_can_match_its_own_stem():
    """A stem that its pattern's words lack would switch the entry off."""
    assert all(word.pattern.pattern and word.stem for word in safety._lexicon())
    for text, stem in (("hijos de puta", "hij"), ("трахни мудака", "мудак"), ("stronzi", "stronz")):
        assert any(word.stem == stem and word.pattern.search(text) for word in safety._lexicon())


@pytest.mark.parametrize(
    "text",
    [
        "fuck " * 40_000,
        "you are so " * 20_000,
        "a" * 200_000,
        "f*" * 100_000,
        "f u " * 50_000,
        '"' * 200_000,
        " " * 200_000,
        "i will " * 30_000 + "kill",
        "all jews " * 22_000,
        "little girl sexy " * 12_000,
        "bomb mix " * 22_000,
        "@" * 200_000,
        "*" * 200_000,
        "you stupid " * 18_000,
        "just " * 40_000 + "kill",
    ],
)
def test_long_texts_take_no_time(text):
    start = time.perf_counter()
    Unsafe()(row(text))
    assert time.perf_counter() - start < 3
