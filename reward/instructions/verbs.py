"""Whether a reply begins with a verb (IFBench's words:start_verb), by a list of English verbs and what follows.

The official check asks NLTK's perceptron tagger, whose weights no package bundles. This one is a list and a few rules:
any form of a listed verb counts, unless the next word shows that it is a noun here ("Work is hard", "Plans of …").
"""

import re

from posttrain.reward.instructions.text import tokens_of

_IRREGULAR = """
    am is are was were been being be have has had having do does did done doing go goes went gone ate eaten began
    begun bent bet bit bitten bled blew blown bore born borne bought bound bred broke broken brought built burnt came
    caught chose chosen clung crept cut dealt drank drunk drawn dreamt drew driven drove dug fallen fed fell felt fled
    flew flown forbade forbidden forgave forgiven forgot forgotten fought found froze frozen gave given got gotten grew
    grown heard held hid hidden hung kept knew known laid lain learnt led lent lit lost made meant met paid proven ran
    rang ridden risen rode rose sang sank said sat saw seen sent sewn shaken shook shone shot shown shrank shrunk slept
    slid sold sought sown spent spoke spoken sprang sprung spun stole stolen stood strode struck stuck stung sung sunk
    swam swept swore sworn swum swung taken taught thought threw thrown told took tore torn tried understood undertook
    wept woke woken won wore worn wound wove woven withdrew withheld written wrote dying lying tying"""
IRREGULAR = frozenset(_IRREGULAR.split())
_VERBS = """
    abandon abhor abide abolish abrogate absorb abstain accelerate accept access accommodate accompany accomplish
    account accrue accumulate accuse achieve acknowledge acquaint acquire act activate adapt add address adhere
    adjust admire admit adopt adore advance advertise advise advocate affect affirm afford aggregate agree aid aim
    alert alienate align allay alleviate allocate allow alter amaze amend amplify amuse analyse analyze anchor
    animate announce anticipate apologise apologize appeal appear append apply appoint appreciate approach approve
    archive argue arise arrange arrive articulate ascend ask aspire assemble assert assess assign assist associate
    assuage assume assure attach attack attain attempt attend attract audit augment author authorize automate avoid
    await awaken award backfire bail bake balance balk ban bandage banish bargain base bask bathe battle beam bear
    beat become befriend beg begin behave behold believe belong bend benefit bestow bet beware bid bind bite
    blacklist blame blanch blast bleed blend bless blink block bloom blossom blow blunt blur board boast bode boil
    bolster bolt book boost bore borrow bother bounce bow brace brag brainstorm branch brave break breathe breed
    brew bridge brief brighten bring broadcast broaden browse brush bubble buckle budget build bundle buoy burn
    burst bury buy buzz bypass calculate calibrate call calm cancel capitalise capitalize captivate capture care
    carry carve cast catalog catch categorise categorize cater cause caution cease cede celebrate center challenge
    champion change channel characterise characterize charge chart chase chat cheat check cheer cherish chew chill
    choose chop circulate circumvent cite claim clarify clash classify clean cleanse clear click climb cling close
    clothe coach coat code coerce coincide collaborate collapse collect combat combine come comfort command commence
    commend comment commit communicate compare compensate compete compile complain complement complete complicate
    compliment comply compose comprehend compress compromise compute conceal conceive concentrate conclude condemn
    condense conduct confess configure confine confirm conform confront confuse congratulate connect conquer consent
    conserve consider consist console consolidate constitute construct consult consume contact contain contemplate
    continue contract contradict contrast contribute control convene converse convert convey convince cook cool
    cooperate coordinate cope copy correct correlate correspond corrupt cost counsel count counter counteract couple
    cover craft crash crave crawl create credit creep cripple criticise criticize crop cross crouch crown cruise
    crush cry cultivate curate curb cure curl curtail customise customize cut cycle damp dance dare dash date dawn
    deal debate debug decentralize decide decipher declare decline decode decompose decorate decrease dedicate
    deduce deduct deem deepen defeat defend defer define deflect defraud defuse defy degrade delay delegate delete
    deliberate delight deliver delve demand demolish demonstrate deny depart depend depict deploy deprive derive
    descend describe deserve design designate desire desist despair destabilize destroy detach detail detect deter
    deteriorate determine detonate develop deviate devise devote devour diagnose dice dictate die differ
    differentiate dig digest dilute dim dine dip direct disable disagree disappear disassemble discard discern
    discharge disclose disconnect discontinue discount discourage discover discredit discriminate discuss disgorge
    disguise disintegrate dislike dismantle dismiss dispatch dispel dispense display dispose dispute disqualify
    disregard disrupt dissect dissolve dissuade distil distill distinguish distort distribute disturb dive diversify
    divert divest divide dock document dodge dole dominate donate double doubt download downplay draft drag drain
    draw dread dream dress drift drill drink drip drive drizzle drop drown drum dry dump duplicate dust dwell earn
    ease eat echo edit educate elaborate elect elevate eliminate embark embarrass embed embody embrace emerge
    emigrate emit emphasise emphasize employ empower empty emulate enable enact encapsulate encase enchant enclose
    encode encompass encounter encourage end endanger endeavor endeavour endorse endure energise energize enforce
    engage enhance enjoy enlarge enlighten enlist enrich enrol enroll ensnare ensue ensure entail enter entertain
    entitle envision envy equip eradicate erase erect erode erupt escalate escape establish estimate evade evaluate
    evaporate evict evoke evolve exacerbate examine exceed excel exchange excite exclaim exclude excuse execute
    exercise exert exhale exhibit exist expand expect expel experience experiment expire explain explode exploit
    explore export expose express extend extract fabricate face facilitate factor fade fail fall falsify falter
    familiarise familiarize fancy fare fascinate fasten father favor favour fear feast feature feed feel fend fetch
    fete fight figure file fill film filter finalise finalize finance find fine-tune finish fire fit fix flag flash
    flatten flatter flavor flee flex flip float flood flounder flourish flow fluctuate flush fly focus fold follow
    fool forbid force forecast foreclose foresee forestall forge forget forgive forgo form format formulate foster
    frame free freeze frighten frown frustrate fry fuel fulfil fulfill function fund fuse gain galvanize gather
    gauge gaze generate get giggle give glance glare gleam glimpse gloss glow glue go gore govern grab grade grant
    grapple grasp grate greet grill grin grind grip groom grow guarantee guard guess guide hack halt hammer hand
    handle hang happen harass harbor harbour harden harm harmonise harmonize harness harry harvest haunt have head
    heal hear heat hedge heed heighten help herald herd hesitate hide highlight hike hinder hinge hint hire hit hold
    honor honour hope host hover hug hum hunt hurl hurry hurt hustle hydrate identify ignite ignore illuminate
    illustrate imagine imitate immerse impact impart impede implement implicate imply import impose impress improve
    improvise include incorporate increase incur indemnify indicate indict induce indulge infer inflate inflict
    influence inform infringe infuse ingratiate inhale inherit inhibit initiate inject innovate inquire insert
    insist inspect inspire install instil instill institute instruct insulate integrate intend intensify interact
    intercept interest interfere interpret interrupt intervene interview intimidate intrigue introduce invade invent
    invest investigate invite invoke involve iron irritate isolate iterate jack jog join joke jot journey judge
    juggle jump justify keep kick kill kindle kiss knead kneel knit knock know label lack land laugh launch lay lead
    leak lean leap learn lease leave lecture legitimize lend lengthen lessen let level leverage liberalize liberate
    lie lift light limit linger link liquidate list listen live load loan locate lock log look loosen lose love
    lower lubricate lure lurk lynch maintain make manage manifest manipulate manufacture map march mark market marry
    marvel mash mask massage master match maximise maximize mean measure meditate meet melt memorise memorize mend
    mention mentor merge migrate mimic mince mind mingle minimise minimize mirror misplace miss mitigate mix
    mobilize mock model moderate modernize modify moisten monitor motivate mount mourn move multiply munch murmur
    muster mutter name narrate narrow navigate need neglect negotiate nest nod nominate normalise normalize note
    notice notify nourish nurture obey object obliterate observe obtain occupy occur offer offset omit open operate
    oppose opt optimise optimize orate orchestrate order organise organize orient originate oust outdo outlast
    outlaw outline outperform overcome overlook overreach override oversee overstate overthrow overturn pace pack
    paint pair pardon pare park parry part participate pass paste patch pause pave pay pedal peek peel peer penalize
    penetrate perceive perfect perform permeate permit perpetuate persevere persist persuade peter phase photograph
    phrase pick picture pierce pin pinpoint pioneer placate place plan plant play plead please pledge plot plow
    pluck plug plummet plunge point polish pollute ponder pool popularize populate portray pose position possess
    post postpone pour practice practise praise pray preach precede precipitate predict prefer preheat prepare
    prescribe present preserve press presume pretend prevail prevent preview price print prioritise prioritize
    privatize probe proceed process proclaim procure prod produce profit program progress prohibit project prolong
    promise promote prompt pronounce proofread prop propel propose prosecute prosper protect protest prove provide
    provoke prune publish pull pulse pump punish purchase purge purify pursue push put qualify quantify quarrel
    quash quell quench quest question quicken quit quiz quote race rain raise rally range rank rate rationalize
    reach react read reaffirm realise realize reap rearrange reason reassess reassure rebel reboot rebuild rebuke
    recall recapture recast receive recite reckon reclaim recognise recognize recollect recommend reconcile
    reconnect reconsider reconstruct record recoup recover recreate recruit rectify recycle redeem redefine redesign
    redirect redress reduce refer refinance refine reflect reform refrain refresh refuse refute regain regard
    register regret regulate rehearse reheat reign reimburse reimpose rein reinforce reinstate reinvent reiterate
    reject rejoice rejuvenate rekindle relate relax release relieve relinquish relish relocate rely remain remark
    remedy remember remind remove render renew renovate rent reopen reorganise reorganize repackage repair repay
    repeat rephrase replace replenish replicate reply report represent reprint reproduce request require reschedule
    rescind rescue research resell resemble resent reserve reset reshape reside resign resist resolve resonate
    respect respond rest restart restore restrain restrict restructure resubmit result resume resuscitate retain
    retaliate retard rethink retire retreat retrieve return reunite reuse reveal revel reverse revert review revise
    revisit revitalise revitalize revive revolve reward rewrite rhyme ride ring rinse rise risk roam roar roast rock
    roll rotate round rouse row rub ruin rule run rush sacrifice safeguard sail sally salute sample satisfy saute
    sauté save savor savour say scale scan scare scatter schedule scoop score scour scout scrape scratch scream
    screen scrimp scroll scrub scrutinize sculpt scuttle seal search season secure see seek seem segment seize
    select sell send sense separate serve set settle sever sew shade shake shape share sharpen shatter shave shed
    shelter shift shine ship shoot shop shorten shout shove show shower shred shrink shun shut sidestep sift sigh
    sign signal simmer simplify simulate sing sink sip sit sketch skew skim skimp skip slap slash sleep slice slide
    slip slow smash smell smile smooth smuggle snap snatch sneak sniff snore snuggle soak soar socialise socialize
    soften solicit solidify solve soothe sort sound source sow spare spark sparkle spawn speak specialise specialize
    specify speculate speed spell spend spice spill spin spit splash split spoil sponsor spot spread spring sprinkle
    spur squander squawk squeeze stabilise stabilize stack stage stain stanch stand standardise standardize stare
    start startle state stave stay steal steam steer stem step stick stimulate stir stitch stoke stop store strain
    streamline strengthen stress stretch strike strip strive stroll structure struggle study stuff stumble style
    stymie subdivide submit subscribe subside subsidize substitute subtract subvert succeed suffer suggest suit sum
    summarise summarize summon supervise supplant supplement supply support suppose suppress surf surge surpass
    surprise surrender surround survey survive suspect suspend sustain swallow sway swear sweat sweep sweeten swell
    swim swing swirl switch symbolise symbolize sympathise sympathize synchronise synchronize synthesise synthesize
    tackle tag tailor take talk tame tamper tap target taste teach team tear tease tell tempt tend terminate test
    testify thank thaw think thread threaten thrill thrive throw thrust thwart tick tidy tie tighten tilt time
    tinker toast toggle tolerate top toss touch toughen tour tow trace track trade train transcend transcribe
    transfer transform transition translate transmit transport trap travel traverse treasure treat trek tremble
    trick trigger trim triumph trust try tuck tune turn tweak twist type uncover undercut underestimate undergo
    underline undermine understand undertake underwrite undo unfold unify unite unleash unload unlock unpack unravel
    unveil unwind update upgrade uphold upload urge use utilise utilize utter vacuum validate value vanish vary veer
    venture verify view violate visit visualise visualize voice volunteer vote vow wade waft wait waive wake walk
    wallow wander want warm warn wash waste watch water wave weaken wear weave weigh welcome whip whisk whisper
    whistle widen win wind wipe wish withdraw withhold withstand witness wonder work worry worsen worship wrap
    wrestle write yank yearn yell yield zoom"""
VERBS = frozenset(_VERBS.split())
# After these a first word that is a noun as well is the noun: "Work is hard", "Plans for the summer were made".
_NOUN_BEFORE = "of is are was were has have had can could will would shall should may might must isn't"
NOUN_BEFORE = frozenset(_NOUN_BEFORE.split())


# Verbs that are adjectives more often; as verbs they have one of these after them: "Clean the pan", "Clean up".
_ALSO_ADJECTIVES = (
    "calm clean clear complete cool dim dry empty free level live open perfect separate slow smooth tame tidy warm"
)
ALSO_ADJECTIVES = frozenset(_ALSO_ADJECTIVES.split())
_OBJECT = (
    "a an the this that these those my your his her its our their it them him me us all any each every some both two "
    "three several many more no another"
)
OBJECT = frozenset(_OBJECT.split())
_AFTER_VERB = "up out off down in on to with for from into and or by at as away over through around about"
AFTER_VERB = OBJECT.union(_AFTER_VERB.split())


def starts_with_verb(text: str) -> bool:
    """Whether the text's first token is a form of a listed verb and no noun here."""
    tokens = tokens_of(text)[:2]
    first, second = [token.lower() for token in [*tokens, "", ""][:2]]
    if first in IRREGULAR:
        return True
    if first in ALSO_ADJECTIVES:
        return second in AFTER_VERB
    if first.endswith("s") and first not in VERBS and second not in OBJECT:
        return False  # far more often the plural of a noun
    if first in VERBS or any(base in VERBS for base in _bases(first)):
        return second not in NOUN_BEFORE or bool(re.search(r"(?:ing|ed)\Z", first))
    return False


def _bases(word: str) -> set[str]:
    """What a verb may be called in a dictionary, by the regular endings -s, -ed and -ing."""
    for ending, others in (("ies", "y"), ("ied", "y"), ("ing", "e"), ("es", ""), ("ed", "e"), ("s", "")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            stem = word.removesuffix(ending)
            undoubled = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem
            return {stem, stem + others, undoubled, word.removesuffix("s")}
    return set()
