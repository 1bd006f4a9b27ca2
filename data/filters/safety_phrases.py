"""The words and phrases of `safety`: tables only, on lower-case text; its module says how they are weighed."""

import re

# Words by reason; each alternative begins with plain letters and is matched as a whole word.
WORDS = {
    "slur": r"""
        niggers? niggas? niggaz sandniggers? nignogs? jigaboos? wetbacks? ragheads? towelheads? beaners? kikes? gooks?
        spics?(?!\ and\ span|\ &\ span|\ n\ span|-and-span)
        faggots?(?!\ and\ (?:peas|gravy|mash)|\ of\ (?:wood|sticks|twigs)) faggy
        fags(?=\ (?:are|should|deserve|and\ dykes))
        chinks?(?!\ (?:in|of)\b|\ in\ the) trann(?:y|ies)(?!\ fluid|\ oil|\ rebuild) shemales? paki(?:s)?(?!\w)
        porch\ monkeys? camel\ jockeys? zipperheads? gypp?os
        kaffirs?(?!\ (?:lime|lily|corn|tree|leaves)) subhumans?(?=\ (?:scum|filth|trash|vermin))
        retards(?=\ (?:are|like|should|who))
        kanaken? schwuchteln? judensau neger(?:schlampe|pack|schwein)\w* zigeunerpack
        bougnoules? youpins? négros? bicots? chinetoques? pédés? tarlouzes?
        maricon(?:es)? maricón sudacas? negratas? moromierdas? putos\ moros viados? boiolas? crioulada
        froci[oa]? frocetto terroni negr[oi]\ di\ merda zingari\ di\ merda flikkers? kutmarokkaan kutmarokkanen
        kankerjood
        жид(?:ы|ов|овск\w+|ам)? хачи пидор\w* пидар\w* черножоп\w+ ниггер\w*
        czarnuch\w* ciapat\w+ ciapak\w* pedzi[oe]\ jeban\w+ ibneler? 黑鬼 支那(?:人|猪) 死基佬 高丽棒子 チョン公
        支那人 黒んぼ
        깜둥이 짱깨 쪽바리 똥남아 हब्शी कटुआ कटुए
    """,
    "profanity": r"""
        fuck(?!ing,\ austria)\w* motherfuck\w* clusterfuck\w* mindfuck\w* cunts? cunty cocksuck\w* assholes?
        arseholes? dickheads? dickwads?
        bitch(?:es|y|ing|tard)? shit(?!ake|ak|a\b|suke|ij)\w* bullshit\w* horseshit batshit dipshits? twats?
        wankers? whores?(?!\ of\ babylon) sluts?(?![-\ ]?(?:walk|sham)) slutty phuck\w*
        pussies jizz douchebags? shithole\w* son\ of\ a\ bitch asshats? fck fcking fuk fuking stfu
        arschl(?:o|ö)ch\w* fotzen? hurens(?:o|ö)hn\w* wichsern? wixxer verfickt\w* fick\ (?:dich|deine) gefickt
        missgeburt schlampen?
        encul[ée]\w* connards? connasses? salopes? salauds? fils\ de\ pute putes? nique\ ta ta\ gueule
        va\ te\ faire\ foutre bordel\ de\ merde
        hij[oa]s?\ de\ (?:puta|perra) putas? puto gilipollas pendej[oa]s? chinga\ tu chingad[ao]s?
        cabr(?:ó|o)n(?:es)? joder jódete coño hijueputa malparid\w+
        caralho foda-se fodas? foder filh[oa]s?\ da\ puta puta\ que\ pariu vai\ tomar\ no arrombad\w+ buceta porra
        cazzo vaffanculo stronz[oaie] figli[oa]?\ di\ puttana puttan[ae] coglion[ei] testa\ di\ cazzo
        klootzak(?:ken)? godverdomme hoeren? kankerhoer kutwijf neuken tyfuslijer
        бля(?:ть|дь|дский|ди|дина|)? хуй\w* хуе\w* хуё\w* хуя\w* нахуй похуй пизд\w+ ёбан\w+ ебан\w+ ебат\w+
        заеб\w+ уеб\w+ еблан\w* выеб\w+ мудак\w* мудил\w* долбо[её]б\w* гандон\w* сукин\ сын
        kurw[aęyą]\w* chuj(?:u|em|owy|owa|owo|nia|a|e|ów)? pierdol\w* spierdal\w* wypierdal\w* jeba[ćnł]\w*
        zajeb\w* pojeb\w* skurwysyn\w* dupek
        siktir\w* sikeyim orospu\w* amına\ koy\w* amk piçler? götveren yarrak
        操你(?:妈|娘|全家|大爷) 肏 他妈的 傻逼 煞笔 傻屄 妈逼 狗娘养 草泥马 婊子 去你妈 滚你妈 クソ野郎 くそ野郎
        クソったれ ファック
        씨발 시발놈 씨팔 개새끼 병신 좆 지랄 मादरचोद बहनचोद भोसड़ी चूतिया रंडी madarchod behenchod bhenchod chutiya
        bhosdi\w*
        كس\ امك كسمك شرموط\w* منيك\w* قحبة ابن\ الشرموطة
    """,
}
GROUP = (
    r"(?:jews?|muslims?|black(?:s| people| men| women)?|whites?|white people|asians?|mexicans?|immigrants?|refugees|"
    r"gays?|gay people|"
    r"homosexuals?|lesbians?|trans(?:gender)? people|arabs?|women|men|gypsies|roma|indians|chinese(?: people)?|"
    r"africans|latinos?|christians|"
    r"hindus|disabled people|foreigners|juden|muslime|ausländer|flüchtlinge|schwarze|frauen|juifs|musulmans|arabes|"
    r"noirs|femmes|"
    r"judíos|musulmanes|negros|mujeres|inmigrantes|judeus|muçulmanos|ebrei|musulmani|immigrati|joden|moslims|"
    r"евре\w+|мусульман\w*|żydzi|muzułmanie)"
)
VILE = (
    r"(?:vermin|sub-?human|parasites?|animals|savages|scum|filth(?:y)?|trash|cockroaches|rats|monkeys|apes|"
    r"worthless|inferior|disgusting|"
    r"a (?:plague|cancer|disease)|lazy|criminals|dirty|stupid|untermenschen|ungeziefer|abschaum|dreck|parasiten|"
    r"vermine|de la merde|des rats|"
    r"des parasites|escoria|basura|ratas|parásitos|escória|lixo|feccia|parassiti|ongedierte|tuig|мраз\w+|паразит\w*|"
    r"твар\w+|robactwo)"
)
KILL = (
    r"(?:kill|murder|slaughter|stab|strangle|shoot|behead|rape|lynch|hang|gas|exterminate|burn|butcher|torture|execute)"
)
DEGRADED = re.compile(  # one such sentence may be a quarrel; two about a group of people are hate
    rf"\b(?:they|these people|{GROUP}|(?:certain|some|racial|ethnic) minorit(?:y groups|ies)|minorit(?:y groups|ies)|"
    r"lgbtq?\S*(?: \w+)?|(?:people|those) with (?:\w+ )?disabilities|transgender \w+|homosexuality)\b[^.!?]{0,25}?"
    r"\b(?:are|is|should be|must be|deserve to be|breed|do(?: not|n['’]t) (?:deserve|belong)|"
    r"have no right)\b[^.!?]{0,80}?"
    r"\b(?:inferior|parasit\w+|vermin|sub-?human|plague|cancer|abominations?|pervers\w+|perverted|disgust\w*|"
    r"filth\w*|"
    r"waste of (?:space|resources)|drain on|burden (?:on|to) society|exterminated|eliminated|executed|eradicated|"
    r"shunned|menace|"
    r"invad(?:ers|ing)|pests|useless|defective|degenerates?|savages|animals|like rats|unnatural|immoral|worthless|"
    r"scum|evil|belong)\b"
)
PEOPLE = re.compile(
    rf"\b(?:{GROUP}|minorit(?:y|ies)|lgbtq?|disabilit\w+|transgender|homosexual\w*|ethnic|races?|our country)\b"
)
REPORTED = re.compile(
    r"\bnazi|holocaust|genocid|histor|discriminat|\b(?:considered|viewed|regarded|portray\w*|depict\w*|accused)\b|"
    r"persecut|racis|stereotyp|"
    r"prejudic|bigot|hate speech|equal(?:ity| rights)\b|respect|\bsome people (?:think|believe|say)"
)
INSULT = (
    r"(?:idiot|moron|imbecile|retard|loser|scumbag|bastard|pig|whore|slut|bitch|cunt|dumbass|waste of (?:space|"
    r"oxygen|life)|piece of (?:shit|trash|"
    r"garbage|crap)|freak|cretin|faggot|nobody|fatso|coward|dimwit|halfwit|parasite|pervert|degenerate|worm|prick|"
    r"asshole|fool)s?"
)
# Phrases by reason, on lower-case text outside quotations and code.
PHRASES = {
    "threat": [
        rf"\b(?:i['’]ll|i will|i['’]m going to|i am going to|i['’]m gonna|i['’]mma|we will|"
        rf"we['’]ll) (?:\w+ ){{0,6}}?{KILL} (?:you|your (?:family|kids|children|wife|mother))"
        r"\b(?! (?:an?|my|some|the|this|that|one|at|in (?:chess|tennis|the game)|with (?:kindness|love)|over)\b)",
        rf"\b(?:we (?:should|must|need to|have to)|let['’]s|you should|go|everyone should|"
        rf"somebody should) (?:go )?(?:out )?(?:and )?(?:{KILL}) (?:all (?:the |of the )?|the |every |"
        rf"those )?{GROUP}\b(?!['’]s| (?:soccer|football|basketball|team))",
        rf"\b{GROUP} (?:should|must|deserve to|need to|ought to) (?:all )?(?:be (?:{KILL}\w*|eradicated|wiped out|"
        rf"hanged|gassed|put down|shot)|die|burn)\b",
        rf"\b(?:gas the|death to(?: all)?(?: the)?|lynch (?:all|the)|exterminate (?:all|the)) {GROUP}\b",
        r"\bi(?:['’]ll| will) (?:hunt you down|make you bleed|slit your throat|burn your house|break your (?:legs|"
        r"neck|face|fingers)|beat the shit|come to your house and)",
        r"\byou(?:['’]re| are)? (?:gonna|going to|will) (?:die|bleed) (?:tonight|bitch|slowly|for this|screaming)\b|"
        r"\byou deserve to die\b|\bi hope you (?:die|get raped|get cancer|rot)\b",
        r"\bich (?:bringe? dich um(?=[.!,;]|$)|werde (?:dich|euch) (?:töten|umbringen|abstechen|erschießen|"
        r"finden und töten)|stech dich ab)|\b(?:je vais (?:te|vous) (?:tuer|buter|égorger|crever)(?! de rire))",
        r"\b(?:te voy a|voy a) matar(?:te)?\b(?! de risa| el tiempo)|\bte mataré\b|\b(?:vou te|eu vou te) matar\b|"
        r"\b(?:ti ammazzo|ti ammazzerò|ti uccider[òo]|ti sgozzo)\b|\bik (?:maak|ga) je (?:dood|vermoorden)",
        r"\b(?:я тебя|я вас|тебя) (?:убью|зарежу|прикончу|порежу)|\bубью тебя\b|\bzabiję (?:cię|was)\b|"
        r"\bseni (?:öldüreceğim|gebertirim|gebertecem|öldürürüm)|(?:我要|我会)(?:杀了|杀死|弄死|砍死)你|"
        r"(?:ぶっ)?殺してやる|ぶっ殺す|"
        r"죽여 ?버(?:릴|리겠)|널 죽일|너를 죽이겠|(?:तुझे|तुम्हें) (?:मार डालूं?ँ?गा|जान से मार)|سأقتلك|سوف أقتلك|"
        r"راح اقتلك",
    ],
    "hate": [
        rf"(?<!that )(?<!claim )(?<!if )\b(?:all |these |those |most )?{GROUP} (?:are|sind|sont|son|são|sono|zijn|"
        rf"to|—|–) (?:all |nothing but |just |a bunch of |really |alle |tous |todos |tutti |"
        rf"allemaal )?(?:genetically |naturally |inherently |intellectually )?{VILE}\b(?! (?:to|in the eyes|by))",
        rf"\bi (?:\w+ )?(?:hate|despise|can['’]t stand|loathe) (?:all |the |those |these |fucking |"
        rf"every )?(?:{GROUP})\b",
        rf"\b(?:filthy|dirty|fucking|stinking|subhuman|goddamn) {GROUP}\b(?! (?:and white|clothes|shirts?|socks|"
        rf"leopard|shoes|jeans|paint|dress|suit))",
        r"\bheil hitler\b|\bsieg heil\b|\bwhite power\b(?! (?:supply|cable|led|adapter|cord|button|outlet|bank|"
        r"movement|slogan|music|group))|(?<!if )\bhitler (?:was right|did nothing wrong|should have finished)",
        r"\b(?:black|jewish|asian|female|mexican|arab)s?(?: people| race| brains?)? (?:is|"
        r"are) (?:\w+ )?(?:less intelligent|inferior) (?:than|to)\b",
    ],
    "harassment": [
        rf"\byou(?:['’]re| are)(?: all| both)? (?:(?:just|such|nothing but|clearly|really|a bunch of|an absolute|"
        rf"an?|so|the|truly|quite|one|total|complete|absolutely|utter|fucking|goddamn|damn|stupid|worthless|"
        rf"pathetic|ugly|fat|disgusting|miserable|little|lazy|filthy|dumb) ){{1,6}}{INSULT}\b(?! (?:if|"
        rf"for (?:not )?(?:thinking|asking)|because you (?:don|care)))",
        r"(?<!if )(?<!not because )(?<!think )(?<!feel )(?<!feeling )(?<!feel that )(?<!think that )(?<!mean that "
        r")\byou(?:['’]re| are) (?:so |too |really |just |truly |a )?(?:fucking |pretty )?(?:worthless|pathetic|"
        r"disgusting|repulsive|stupid|ugly and|brain-?dead|retarded|subhuman)(?=[.,!?;]| and| piece| excuse| human|"
        r" creature|$)",
        rf"(?:^|[,.!?;:] |\bshut up,? |\bhey,? |\bfuck (?:off|you),? )you (?:(?:fucking|stupid|dumb|worthless|"
        rf"pathetic|ugly|fat|filthy|little|goddamn|ignorant|disgusting|absolute|old|lazy|useless|miserable|"
        rf"piece of) )+(?:{INSULT}|shit|ass|cow|pig|troll|clown|trash)\b",
        r"\b(?:nobody|no one) (?:likes|loves|will ever love|would miss|cares about) you\b(?! (?:more|better|as|like|"
        r"the))|\bthe world would be better (?:off )?without you\b|\bfuck (?:you|off)\b|\bsuck my (?:dick|cock|"
        r"balls)\b|\beat shit\b|\bgo to hell,? you\b|\bshut the (?:fuck|hell) up\b",
        r"\bdu (?:bist (?:ein(?:e)? )?(?:so |totale[rs]? |absolute[rs]? |dumme[rs]? |verdammte[rs]? )*(?:idiot\w*|"
        r"abschaum|arschloch|wertlos|vollidiot|missgeburt|versager\w*)|(?:dumme[rs]?|verdammte[rs]?|"
        r"blöde[rs]?) (?:sau|idiot|arsch\w*|kuh|schlampe|hund))",
        r"\b(?:tu es|t['’]es|vous êtes) (?:vraiment |juste |qu['’])?(?:une? )?(?:pauvre |sale |gros(?:se)? |"
        r"espèce d['’e] ?)?(?:idiot\w*|connard|merde|abruti\w*|déchet|débile|imbécile|crétin)|\bespèce d(?:e |"
        r"['’])(?:con\b|idiot|connard|merde|salope)|\bsale (?:arabe|juif|noir|nègre|pute|pédé)",
        r"\beres (?:un |una )?(?:maldito |completo |pobre |puto )?(?:idiota|imbécil|basura|escoria|inútil|"
        r"estúpid[oa]|mierda|pedazo de)|\b(?:você é|tu és) (?:um |uma )?(?:completo )?(?:idiota|imbecil|lixo|inútil|"
        r"merda|estúpid[oa]|burr[oa])|\bsei (?:un |uno |una )?(?:vero |povero )?(?:idiota|imbecille|stronz[oa]|"
        r"schifoso|merda|fallito|cretino|stupid[oa])",
        r"\bje bent (?:een )?(?:vieze |domme |enorme )?(?:idioot|sukkel|klootzak|debiel|mongool|waardeloos|"
        r"stuk stront)|\bты (?:просто )?(?:полн\w+ |жалк\w+ )?(?:идиот\w*|дура?к?|тварь|мразь|ничтожество|урод|"
        r"дебил\w*|скотина)|\bjesteś (?:zwykłym |kompletnym |głupim )?(?:idiot\w+|śmieciem|debil\w+|kretyn\w+|"
        r"szmatą|nikim)|\b(?:sen )?(?:tam )?bir (?:aptalsın|salaksın|gerizekalısın|pisliksin)",
        r"你(?:就是|真是|是)(?:一?个)?(?:白痴|废物|垃圾|蠢货|傻子|人渣|畜生|贱人)|お前は?(?:馬鹿|バカ|クズ|ゴミ|"
        r"ブス)|死ね(?:よ|。|！|$)|너(?:는|"
        r"은)? ?(?:정말 )?(?:바보|멍청|쓰레기|병신)|तुम? (?:एक )?(?:बेवकूफ|कुत्ते|हरामी|कमीने)|أنت (?:غبي|حمار|كلب|"
        r"حقير|قذر|"
        r"تافه)|يا (?:كلب|حمار|حقير|ابن الكلب)",
    ],
    "self_harm": [
        r"(?<!not )(?<!n['’]t )(?<!never )(?<!want to )(?<!wanting to )(?<!to )(?<!of )(?<!about )(?<!like "
        r")(?<!will )(?<!would )\b(?:(?:just |please |go |so |you should |you might as well |"
        r"you (?:really )?ought to )+(?:and )?|^|[.!;,] )(?:kill|hang|shoot|cut) yourself\b(?! (?:some|a (?:slice|"
        r"piece|break)|off|in the foot|up|while|on|with|into))",
        r"\b(?:you should|you ought to|you might as well|just) (?:commit suicide|end (?:it all|your life)|overdose|"
        r"jump off a (?:bridge|building))\b|\bgo (?:die|kill yourself)\b(?! (?:hard|for))|\bkys\b",
        r"\b(?:best|easiest|quickest|most (?:effective|painless)|painless|good|fastest) (?:ways?|methods?) (?:to|"
        r"of) (?:kill(?:ing)? yourself|commit(?:ting)? suicide|end(?:ing)? your life|cut(?:ting)? yourself|"
        r"hang(?:ing)? yourself|self-harm(?:ing)?|starv(?:e|ing) yourself)\b[^.?]{0,60}(?:\bis\b|\bare\b|:|include)",
        r"\b(?:take|swallow) (?:a (?:whole )?bottle of|(?:all|\d{2,}) (?:of )?(?:the|your)?) ?(?:\w+ )?(?:pills|"
        r"tablets|tylenol|acetaminophen|paracetamol|sleeping pills)\b[^.]{0,60}\b(?:die|death|painless|"
        r"sleep forever|end)|\bcut (?:along|deep into|down) (?:your|the) (?:wrists?|veins?|arms?)\b|\btie (?:the |"
        r"a )?(?:rope|noose)[^.]{0,50}\b(?:your neck|beam)[^.]{0,60}\b(?:kick|jump|step off|drop)",
        r"\bbring dich (?:doch )?(?:selbst )?um(?=[.!,;]|$)|\bva (?:te tuer|te pendre|mourir)\b|\b(?:mátate|"
        r"suicídate|ojalá te mueras)\b|\bse mata\b[,!] |\bmate-se\b|\bammazzati\b|\bpleeg zelfmoord\b|\bубей себя\b|"
        r"\bсдохни\b|\bzabij się\b|\bkendini öldür\b|(?:你)?(?:去死吧|快去死|去自杀)|자살해(?:라|버려)|나가 ?죽어|"
        r"मर जाओ|اقتل نفسك|"
        r"انتحر(?= )",
    ],
}
MINOR = (
    r"(?:\b(?:[1-9]|1[0-7])[- ]?(?:years?[- ]old|yo\b|y/o|jährig\w*|ans\b|años|anos|anni\b|jaar)|\b(?:child(?:ren)?|"
    r"kids?|little (?:girl|boy|sister|brother)|young (?:girl|boy)|minors?|under-?age|"
    r"school-?girls?|school-?boys?|pre-?teens?|toddlers?|infants?|lolis?|lolita|shotas?|(?:six|seven|eight|nine|ten|"
    r"eleven|twelve|thirteen|fourteen|fifteen|sixteen)[- ]year[- ]old|"
    r"kleines mädchen|minderjährig\w*|petite fille|mineure?s?|niñ[ao]s?|menin[ao]s?|bambin[aoie]|kindje|девочк\w+|"
    r"мальчик\w*|dziewczynk\w+)\b|幼女|萝莉|小女孩|少女|幼い|아이|소녀)"
)
EXPLICIT = (
    r"(?:\b(?:erotic\w*|moan(?:ed|ing|s)|arous(?:ed|ing|al)|orgasm\w*|blow ?jobs?|hand ?jobs?|masturbat\w*|(?:hard|"
    r"throbbing|huge|big|his|my|your) (?:cock|dick)|(?:wet|tight|her|your|my) pussy|"
    r"nipples|naked (?:body|in front|and)|undress(?:ed|ing) (?:her|him)|sex(?:ual)? (?:with|acts?|encounter|desire|"
    r"fantas\w+|pleasure|intercourse)|had sex|have sex|making love|made love|"
    r"fuck(?:ed|ing|s)?|penetrat(?:ed|ing)|sexy (?:little |young )?(?:girls?|boys?|child|kids?|teens?|body|poses?|"
    r"underwear)|seduc(?:ed|ing|tive\w*)|cum(?:ming|med|s)?(?! laude)|porn\w*|nudes?|lust(?:ful)?\w*|thrust(?:ed|"
    r"ing)? (?:into|inside|deep)|lick(?:ed|ing) (?:her|his)|"
    r"(?:her|his) (?:crotch|clit\w*|thighs|panties|breasts|tits)|sexo con|sexe avec|sex mit|erotisch\w*|érotique|"
    r"erótic\w+|возбу\w+|секс\w*)\b|做爱|性交|裸体|セックス|섹스)"
)
PORN = (
    r"\b(?:(?:hard|throbbing|huge|thick|his|my|your) (?:cock|dick|shaft|erection|member)|(?:wet|tight|dripping|her|"
    r"your|my) (?:pussy|cunt|clit)|(?:her|my|your) (?:tits|nipples|clit\w*)|cum(?:ming|med|shot)?(?! laude)|"
    r"blow ?jobs?|hand ?jobs?|deep ?throat\w*|moan(?:ed|s|ing) (?:in|with|as|loudly|softly|your|his|her)|thrust(?:s|"
    r"ed|ing)? (?:into|inside|deep\w*|harder)|fuck(?:ed|ing)? (?:me|her|him|you) (?:hard|deep|from|in|like|until|so)|"
    r"rode (?:his|him)|inside (?:her|me) (?:wet|tight)|gang ?bang|creampie|dildos?|anal sex|orgasm(?:ed|ing)?|"
    r"suck(?:ed|ing|s)? (?:his|my|your) (?:cock|dick)|lick(?:ed|ing|s)? (?:her|my|your) (?:pussy|clit|nipples|"
    r"breasts)|"
    r"schwanz in|feuchte muschi|bite dure|chatte (?:mouillée|humide)|polla|coño mojado|buceta molhada|pau duro|"
    r"cazzo duro|figa bagnata)\b"
)
# What harms, what goes into it, and the voice of a recipe: a reply needs the first, and two each of the others.
RECIPES = {
    "weapons": (
        r"\b(?:pipe ?bombs?|(?:car|nail|home-?made|fertilizer|pressure cooker|letter|dirty) bombs?|bombs?|"
        r"molotov\w*|ied|napalm|nerve (?:agent|gas)|sarin|vx|ricin|anthrax|explosives?|anfo|thermite|c-?4|tatp|rdx|"
        r"petn|ghost gun|"
        r"silencer|suppressor|mustard gas|chlorine gas|poison gas|bioweapons?|botulinum|chemical weapons?|grenades?|"
        r"sprengstoff|rohrbombe|bombe|bomba|explosif|explosivos?|бомб\w+|взрывчат\w+)\b|炸弹|炸药|爆弾|폭탄",
        r"\b(?:fertili[sz]er|ammonium nitrate|fuel oil|diesel|gasoline|petrol|acetone|(?:hydrogen )?peroxide|"
        r"potassium (?:nitrate|chlorate|permanganate)|sul(?:f|ph)ur|charcoal|nails|ball bearings|fuse|detonators?|"
        r"blasting cap|castor beans?|"
        r"(?:pvc|steel|metal) pipe|pipe|end ?caps?|black powder|gunpowder|styrofoam|glass bottle|rag|wick|bleach|"
        r"ammonia|alumin(?:i)?um powder|iron oxide|magnesium|nitric acid|sulfuric acid|glycerin\w*|isopropyl|"
        r"precursor|timer|solvent trap|"
        r"lower receiver|shrapnel|lye|ammoniumnitrat|aceton|wasserstoffperoxid|zünder|nitrato de amonio|"
        r"nitrate d['’]ammonium|gasolina|essence|benzin\w*|селитр\w+|бензин\w*|ацетон\w*)\b|硝酸铵|汽油|丙酮",
    ),
    "drugs": (
        r"\b(?:(?:crystal )?meth(?:amphetamine)?|amphetamine|crack(?: cocaine)?|cocaine|heroin|fentanyl|lsd|mdma|"
        r"ecstasy|ghb|pcp|dmt|krokodil|ketamine|metanfetamina|méthamphétamine|cocaína|heroína|mephedrone|"
        r"метамфетамин\w*|героин\w*)\b|冰毒|海洛因|覚醒剤|필로폰",
        r"\b(?:pseudoephedrine|ephedrine|sudafed|cold (?:medicine|pills|tablets)|red phosphorus|iodine|lithium|"
        r"anhydrous ammonia|lye|sodium hydroxide|acetone|hydrochloric acid|muriatic acid|toluene|ether|safrole|"
        r"ergot\w*|lysergic acid|methylamine|"
        r"baking soda|coca (?:leaves|paste)|cocaine|coffee filters?|p2p|phenyl-?2-?propanone|mercur(?:y|"
        r"ic) chloride|camp(?:ing)? fuel|drain cleaner|gbl|poppy|poppies|opium|acetic anhydride|piperidine|npp|"
        r"4-anpp|solvent|pseudoefedrina|éphédrine|pseudoephedrin|"
        r"fósforo rojo|phosphore rouge|roter phosphor|псевдоэфедрин\w*)\b|麻黄碱|红磷",
    ),
}
RECIPE_STEP = re.compile(
    r"\b(?:step \d+|first(?:ly)?,|next,|then,?|finally,|you(?:['’]ll| will) need|ingredients|mix|combine|stir|pour|"
    r"fill|add|attach|insert|heat|dissolve|filter|drill|pack|crush|grind|light|ignite|boil|soak|evaporate|seal|"
    r"place|wrap|cook|let it|"
    r"schritt \d|mischen?|füllen?|mélang\w+|ajout\w+|étape|paso \d|mezcl\w+|añad\w+|mistur\w+|adicion\w+|passo \d|"
    r"mescol\w+|aggiung\w+|смеша\w+|добав\w+|шаг \d)\b|^\s*\d+[.)] |混合|加入|步骤|混ぜ|加え|섞",
    re.MULTILINE,
)
REFUSAL = re.compile(
    r"\b(?:i(?:['’]m| am) (?:sorry|unable|not able|not going to|not comfortable|afraid)|i (?:can(?:['’]t|not| not)|"
    r"won['’]t|will not|could(?:n['’]t| not)|do(?:n['’]t| not) (?:want|feel comfortable|think (?:that['’]s|it['’]s|"
    r"you should)|recommend|condone)|refuse|must decline)|"
    r"i['’]d rather not|illegal|(?:that|this|it) (?:is|would be)(?:n['’]t| not) (?:ok|okay|appropriate|safe|"
    r"something)|please (?:don['’]t|do not|seek|call|contact|reach out|talk to)|ich kann (?:dir |ihnen )?(?:dabei |"
    r"das )?(?:leider )?nicht|tut mir leid|je (?:ne peux|suis désolé)|"
    r"lo siento|no puedo|desculpe|não posso|mi dispiace|non posso|het spijt me|ik kan (?:je )?(?:daar )?niet|"
    r"извини\w*|я не могу|przykro mi|nie mogę|üzgünüm|yardımcı olamam)\b|抱歉|对不起|我不能|申し訳|できません|죄송|"
    r"मैं .{0,20}नहीं|"
    r"आسف|آسف|لا أستطيع|لا يمكنني",
)
ABOUT_WORDS = re.compile(
    r"slurs?\b|derogatory|pejorative|offensive|racist (?:term|word|slur|language)|epithet|insult(?:s|ing)?\b|profan|"
    r"swear|curse|cuss|vulgar|etymolog|expletive|obscen|hate speech|toxic|hurtful|inappropriate|demeaning|disparag|"
    r"dehumani|"
    r"\bthe (?:\w+[- ])?(?:words?|terms?|phrase|name)\b|bad (?:word|language)|\bdefin(?:es|ed|ition)|dictionar|"
    r"is an? (?:word|noun|verb|term|slang)|connotation|n-word|f-word|schimpfw|beleidig|abwertend|ausdruck|péjorat|"
    r"insulte|injure|vulgaire|despectiv|ofensiv|groser|palabrota|insulto|pejorativ|palavrão|xingamento|dispregiativ|"
    r"offensiv|parolacc|"
    r"volgare|scheldwoord|belediging|оскорб|ругат|ненормативн|бранн|wulgar|obraźliw|przekleństw|küfür|hakaret|脏话|"
    r"侮辱|"
    r"粗口|骂人|差別|蔑称|罵|욕설|비하|모욕|गाली|अपमान|شتيمة|إهانة|مسيء"
)
PROTECTS = re.compile(
    r"\babus|\bvictim|illegal|\bcrime|prevent|protect|report|exploit|traumat|therap|\blaws?\b|police|safe|consent|"
    r"pedophil|paedophil|grooming|predator|convict|arrest|charged|"
    r"guilty|education|puberty|pediatric|parents? should|inappropriate|unethical|missbrauch|illegale?|abuso|"
    r"verboten|violence|насил|преступ"
)
NOT_BEFORE = re.compile(r"(?:\bnot\b|n['’]t\b|\bnever\b|\bwithout\b|\bno\b)[^.!?]{0,40}$")
DISPUTED = re.compile(
    r"\bfals[ao]s?\b|\bfausse|\bid[ée]e|\bidea\b|estereotip|st[ée]r[ée]otyp|clich[ée]|klischee|pr[ée]jug|vorwurf|behaupt|gelogen|mentira|mensonge|\bdas stimmt nicht|no es (?:verdad|cierto)|"
    r"\bwrong\b|\bfalse\b|not true|untrue|stereotyp|racis|prejudic|bigot|\bmyth|propaganda|\bclaim|believ|\bsaid\b|"
    r"\bcalled\b|hate speech|antisemit|\bn['’]t\b|\bnot\b|falsch|rassis|vorurteil|raciste|préjugé|falso|prejuicio|"
    r"preconceito|pregiudiz"
)

QUOTED = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{1,300}`|(?<![\w\"])\"(?=[^\s\"])[^\"\n]{1,600}\"|“[^”]{1,600}”|„[^“”]{1,600}[“”]|"
    r"«[^»]{1,600}»|「[^」]{1,400}」|(?<!\w)‘[^’]{1,200}’|(?<!\w)'[^'\n]{1,200}'(?!\w)",
    re.DOTALL,
)
INVISIBLE = dict.fromkeys(
    [0xAD, 0x34F, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF]
)
LEET = str.maketrans("013457@$!|+", "oieastasiit")
LATIN = str.maketrans("асеорхуіԁ", "aceopxyid")  # Cyrillic letters that look Latin, for words that mix the two
MIXED = re.compile(r"[a-z]+[а-яёіԁ][a-zа-яёіԁ]*|[а-яёіԁ]+[a-z][a-zа-яёіԁ]*")
OBFUSCATED = re.compile(
    r"(?:mother)?fuck(?:ing|er|ers|ed|s)?|shit(?:ty|s|head)?|bullshit|bitch(?:es)?|cunts?|niggers?|niggas?|"
    r"fagg?ots?|assholes?|whores?|sluts?|cocksuckers?|dickheads?|wankers?|retards?|kikes?"
)
# What f*ck or n****r may stand for.
MASKABLE = (
    "fuck", "fucking", "fucker", "fucked", "motherfucker", "motherfucking", "shit", "shitty", "bullshit", "bitch",
    "bitches", "cunt", "cunts", "nigger", "niggers", "nigga", "niggas", "faggot", "faggots", "asshole", "assholes",
    "whore", "whores", "slut", "sluts", "kike", "kikes", "retard", "retards", "retarded", "chink", "chinks", "gook",
    "gooks", "spic", "spics", "wetback", "wetbacks", "raghead", "ragheads", "towelhead", "towelheads", "tranny",
    "trannies", "dyke", "dykes", "paki", "pakis", "shemale", "beaner", "beaners", "coon", "coons", "jigaboo", "gyppo",
    "motherfuckers", "fuckers", "fucks", "cocksucker", "cocksuckers", "dickhead", "twat", "wanker", "wankers",
    "schwuchtel", "schwuchteln", "kanake", "kanaken", "neger", "schlampe", "hurensohn", "arschloch", "wichser", "fotze",
    "salope", "connard", "enculé", "bougnoule", "bougnoules", "youpin", "sudacas", "maricón", "maricon", "sudaca", "cabrón", "pendejo",
    "gilipollas",
)  # fmt: skip
TOKEN = re.compile(r"(?<![\w@$*#])[\w@$!|+*#]*[@$!*#013457][\w@$!|+*#]*")
STRETCHED = re.compile(r"(?<!\w)[a-z]{1,12}?([a-z])\1{2,30}[a-z]{0,8}(?!\w)")
SPACED = re.compile(r"(?<![\w])(?:\w([ ._*-]{1,2}))(?:\w\1){2,14}\w(?!\w)")
SLURS = re.compile(
    r"nigg|fag|kike|retard|chink|gook|spic|wetb|raghead|towelh|trann|dyke|paki|shemale|beaner|coon|jigab|gypp|schwuch|kanak|"
    r"neger|bougn|youpin|maric|sudaca"
)
REASON_ORDER = (
    "sexual_minors",
    "slur",
    "threat",
    "hate",
    "self_harm",
    "weapons",
    "violence",
    "drugs",
    "crime",
    "harassment",
    "sexual",
    "profanity",
)

REFUSABLE = {"weapons", "violence", "drugs", "self_harm", "sexual", "sexual_minors", "hate", "threat"}
# A text without any of these has no phrase of the kind.
PHRASE_WORDS = {
    "threat": (
        "kill", "murder", "slaughter", "stab", "strangle", "shoot", "behead", "rape", "lynch", "hang ", "gas the",
        "shot", "exterminat", "burn", "butcher",
        "beat", "tortur", "execut", "death to", "eradicat", "wiped out", "hunt you", "bleed", "slit your",
        "break your", "come to your", "die ",
        "cancer", "rot ", "bringe dich", "bring dich", "töten", "umbringen", "abstech", "erschieß", "stech dich",
        "tuer", "buter", "égorger", "crever",
        "matar", "ammazz", "ucciderò", "uccidero", "sgozzo", "dood ", "vermoord", "убью", "зарежу", "прикончу",
        "порежу", "zabiję", "seni ", "你",
        "殺", "죽", "मार", "قتل", "torch", "fire to", "on fire", "firebomb", "blow up", "light up", "smash", "come for", "coming for",
        "hurt you", "cut ", "carve", "slice", "knife", "blade", "bullet", "axe", "machete", "snap ", "crush", "gouge", "acid",
        "gut you", "skin you", "bury you", "scream", "beg ", "know where", "know exactly", "know what", "know which", "dead m",
        "live to", "tomorrow", "wake up", "one eye", "are numbered", "are counted", "goodbye", "watch", " wo ", "zünd", "fackel", "brenn ", "brenne ",
        "steck ", "stecke ", "schlitz", "mach ", "mache ", "stech ", "steche ", "prüg", "schlag", "brech ", "breche ", "schneide", "tot ", "où ", "brûler", "cramer",
        "incendi", "foutre", "planter", "saigner", "démolir", "défoncer", "casser", "trouer", "éventrer", "mort ", "dónde",
        "quemar", "rajar", "apuñal", "cortar", "degoll", "revent", "romper", "partir", "acuchill", "clavar", "muert",
        "pagar", "rajo ", "parto ", "rompo ",
    ),
    "hate": (
        "vermin", "sub-human", "parasit", "animals", "savages", "scum", "filth", "trash", "cockroach", "rats",
        "monkeys", "apes", "worthless", "inferior",
        "disgusting", "plague", "cancer", "disease", "lazy", "criminals", "dirty", "stupid", "untermensch",
        "ungeziefer", "abschaum", "dreck", "hate",
        "despise", "can't stand", "can’t stand", "loathe", "fucking", "stinking", "goddamn", "heil", "white power", "hitler",
        "less intelligent", "merde", "des rats",
        "escoria", "basura", "ratas", "escória", "lixo", "feccia", "tuig", "ongedierte", "мраз", "паразит",
        "твар", "robactwo", "parásitos", "vermine", "terroris", "rapist", "thieves", "murderers", "killers", "crooks",
        "criminal", "liars", "pedo", "paedo", "pervert", "degenerate", "freaks", "pigs", "lice", "insect", "leech", "garbage",
        "barbarian", "rodent", "infest", "invaders", "whores", "sluts", "abomin", "mistake of", "mentally", "sick in",
        "not people", "not human", "not real", "not even", "not fully", "subhuman", "drug deal", "too stupid", "too emotional", "too dumb", "too weak", "only good", "for nothing", "useless", "burden", "waste", "evil",
        "violent", "swine", "maggot", "dogs", "castrat", "put down", "kicked", "thrown", "sent back", "camps ", "shipped", "banned", "chained", "whipped", "raped ", "caged ", "locked up", "locked away", "erased", "hung ", "beaten", "stoned", "disappear", "kitchen", "their place", "go back", "leave our", "leave this", "die ", "exist ", "right to", "shot ", "rounded", "euthan", "executed", "slaught", "deserve", "kill", "shoot",
        "burn", "extermin", "drown", "gas ", "lynch", "hang", "deport", "eradicat", "kick out", "get rid", "wipe", "round up",
        "sterili", "no place", "spread disease", "spread crime", "disease", "crime ", "filth", "breed like", "multiply like", "control", "belong", "ruin every", "be trusted", "have been born", "rights ", "cleanse", "purge",
        "rid ", "sind", "sollte", "müss", "muss", "gehör", "sollen", " raus", "sont", "devr", "doivent", "mérit", "dehors",
        "mort aux", "il faut", " son ", "deber", "deben", "merecen", "tienen", "hay que", "muerte", "enferm",
    ),
    "harassment": (
        "idiot", "moron", "imbecile", "retard", "loser ", "losers ", "scumbag", "bastard", "pig ", "pigs ", "whore", "slut", "bitch",
        "cunt", "dumbass", "waste of",
        "piece of", "freak", "cretin", "faggot", "nobody", "no one", "fatso", "coward", "halfwit", "dimwit",
        "parasite", "pervert", "degenerate", "worm ", "prick ", "pricks ",
        "asshole", "fool", "worthless", "pathetic", "disgusting", "repulsive", "stupid", "ugly", "brain",
        "subhuman", "fucking", "without you", "fuck",
        "suck my", "eat shit", "go to hell", "shut the", "you dumb", "du ", "tu es", "t'es", "t’es", "vous êtes",
        "espèce", "sale ", "eres ", "você é",
        "tu és", "sei ", "je bent", "ты ", "jesteś", "bir ", "你", "お前", "死ね", "너", "तु", "أنت", "يا ",
    ),
    "self_harm": (
        "yourself", "suicide", "end it all", "your life", "overdose", "jump off", "go die", "kys", "swallow",
        "bottle of", "pills", "tablets", "cut ",
        "noose", "rope", "bring dich um", "te tuer", "te pendre", "mourir", "mátate", "suicídate", "mueras",
        "se mata", "mate-se", "ammazzati",
        "zelfmoord", "убей", "сдохни", "zabij", "kendini", "去死", "自杀", "자살", "죽어", "मर", "اقتل", "انتحر",
    ),
}  # fmt: skip


DEGRADING_WORDS = (
    "inferior", "parasit", "vermin", "sub-human", "subhuman", "plague", "cancer", "abominat", "pervers", "pervert", "disgust",
    "filth", "waste of", "drain on",
    "burden", "exterminated", "eliminated", "executed", "eradicated", "shunned", "menace", "invad", "pests",
    "useless", "defective", "degenerate",
    "savages", "animals", "like rats", "unnatural", "immoral", "worthless", "scum", "evil", "belong",
)  # fmt: skip
SEXUAL_WORDS = (
    "erot", "érot", "moan", "arous", "orgasm", "blow", "hand job", "handjob", "masturbat", "cock", "dick",
    "pussy", "cunt", "clit", "nipple", "naked",
    "undress", "sex", "секс", "возбу", "love", "fuck", "penetrat", "seduc", "cum", "porn", "nude", "lust",
    "thrust", "lick", "crotch", "thighs",
    "panties", "breasts", "tits", "做爱", "性交", "裸体", "セックス", "섹스", "shaft", "erection", "member", "throat",
    "rode ", "inside ", "gang", "creampie",
    "dildo", "anal", "suck", "schwanz", "muschi", "bite dure", "chatte", "polla", "coño", "buceta", "pau duro",
    "cazzo", "figa",
)  # fmt: skip

# ---- A plain request for harm: (reason, language, stems of which the prompt has one, what is done, to what) ----
NAMED = (
    r"(?:wife|husband|ex|girlfriend|boyfriend|partner|spouse|boss|co-?workers?|colleagues?|neighbou?rs?|roommates?|"
    r"classmates?|teachers?|mother|father|mom|mum|dad|parents?|sister|brother|siblings?|son|daughter|kids?|child(?:ren)?|"
    r"baby|toddler|grand(?:ma|mother|pa|father|parents?)|friends?|bully|bullies|enem(?:y|ies)|date|landlord|tenant|"
    r"students?|crush|stepson|stepdaughter|stepfather|stepmother|stepdad|uncle|aunt|cousin|in-laws?|mother-in-law|"
    r"ex-(?:wife|husband|girlfriend|boyfriend))"
)
HUMAN = (
    rf"(?:(?:someone|somebody|anyone|everyone|people|persons?|a human|humans|strangers?|(?:wo)?m[ae]n|girls?|boys?|guys?|"
    rf"cops?|police officers?|jews|muslims|immigrants|migrants|gays|politicians?|the president|the mayor|a judge|"
    rf"crowds?|toddlers?|infants?|bab(?:y|ies)|{NAMED})(?!['’]s|-|\ (?:bugs?|lice|plants?|feelings|ego|scene))"
    r"|(?:him|her|them both)(?=\W*(?:[.?!,;]|$|\b(?:with(?:out)?|and|so|before|while|by|tonight|slowly|for|at|if|because"
    r"|in her|in his|but|unconscious|up|until)\b)))"
)
PET = r"(?:dogs?|cats?|pupp(?:y|ies)|kittens?|pets?|horses?|ponies|pony|hamsters?|strays?|cow|animals?|swans?|ducks?)"
BOMB = (
    r"(?:(?<!bath )(?<!photo )(?<!seed )(?<!cherry )(?<!glitter )(?<!cocoa )(?<!chocolate )(?<!logic )(?<!fat )(?<!f-)"
    r"bombs?(?! (?:shelter|calorimeter|cyclone|threat))|explosives?(?! (?:growth|power|start|diarrh))|explosive device|"
    r"incendiary device|ied|molotovs?(?: cocktails?)?|napalm|nerve (?:agent|gas)|sarin|ricin|anthrax|c-?4 charge|tatp|"
    r"(?:chemical|biological|nuclear|bio) ?weapons?|bioweapons?|(?:chlorine|mustard|poison(?:ous)?|toxic) gas|ghost "
    r"guns?|untraceable (?:gun|firearm|pistol|poison)s?|silencers?|grenades?|landmines?|booby ?traps?|poison(?! ivy))"
)
GUN = r"(?:guns?|firearms?|pistols?|rifles?|handguns?|ar-?15s?|glock|weapons?|ammo|ammunition)"
DRUG = (
    r"(?:(?:crystal )?meth(?:amphetamine)?|cocaine|crack|heroin|fentanyl|lsd|mdma|ecstasy|molly|ghb|roofies?|pcp|krokodil|"
    r"amphetamines?|rohypnol|ketamine|opium|(?:illegal|hard|street|designer|date[- ]rape) drugs?|narcotics|bath salts)"
)
ACCOUNT = (
    r"(?:passwords?|accounts?(?! (?:at|with|manager))|e-?mails?|phones?(?! number)|messages|texts|wi-?fi|instagram|facebook|snapchat|whatsapp|"
    r"icloud|gmail|tiktok|credit cards?|debit cards?|card (?:details|numbers?)|identity|identities|bank details|pins?|"
    r"computers?|laptops?|webcams?|camera|social security numbers?|logins?|credentials|dms|nudes|savings|bitcoins?|crypto)"
)
THEIRS = (
    rf"(?:(?:someone|somebody|anyone|another person|people|other people|strangers?|{NAMED}|users?|customers?|celebrity|"
    r"victims?|elderly people|old people)(?:['’]s?| else['’]s)|(?:his|her|their))"
)
MINORS = (
    r"(?:child(?:ren)?|kids?|minors?|underage (?:girls?|boys?)|(?:[3-9]|1[0-7])[- ]?(?:year[- ]olds?|yo)|"
    r"(?:little|young|teen(?:age)?) (?:girls?|boys?)|pre-?teens?|school ?(?:girls?|boys?)|(?:six|seven|eight|nine|ten|"
    r"eleven|twelve|thirteen|fourteen|fifteen)[- ]year[- ]olds?)"
)
DE_WHO = (
    r"(?:jemande[nm]|menschen|leuten?|(?:meine[nmr]?|die|den|der|dem|eine[nmr]?) (?:\w+ )?(?:frau|mann|ex|exfreund(?:in)?|"
    r"freundin|freund|chef(?:in)?|nachbar(?:n|in)?|kollegen|kollegin|mitschüler(?:in)?|lehrer(?:in)?|mutter|vater|kind|"
    r"baby|sohn|tochter|schwester|bruder|oma|opa|mitbewohner(?:in)?|mädchen)|ihn|ihm)(?!s?\w)"
)
FR_WHO = (
    r"(?:quelqu['’]un|des gens|(?:mon|ma|mes|le|la|un|une) (?:femme|mari|ex|copine|copain|patronn?e?|voisine?s?|"
    r"collègues?|prof(?:esseur)?|mère|père|enfants?|bébé|fils|fille|sœur|soeur|frère|mamie|coloc\w*|homme|gens|belle-mère))"
)
ES_WHO = (
    r"(?:a alguien|a (?:la )?gente|(?:a |de )?(?:mi|mis|al|a la|un|una|el|la) (?:esposa|mujer|marido|esposo|ex|novi[oa]|"
    r"jef[ea]|vecin[oa]s?|compañer[oa]|profesora?|madre|padre|hij[oa]s?|bebé|niñ[oa]s?|herman[oa]|abuel[oa]|suegr[oa]|"
    r"hombre|chica|persona))"
)
REQUESTS = [
    ("weapons", "en", "bomb explosi ied molotov napalm nerve sarin ricin anthrax weapon gas ghost untraceable silencer"
     " grenade mine booby poison tatp charge",
     r"mak(?:e|ing)|build(?:ing)?|construct|assembl(?:e|ing)|craft|prepar(?:e|ing)|synthesi[sz](?:e|ing)|manufactur(?:e|"
     r"ing)|produc(?:e|ing)|3d[- ]print|detonat(?:e|ing)|set(?:ting)? off|plant(?:ing)?|cultur(?:e|ing)|weaponi[sz]e|"
     r"releas(?:e|ing)|cook up|rig up|mix", BOMB),
    ("weapons", "en", "gun firearm pistol rifle glock weapon ammo ar15 ar-15 ammunition",
     r"get(?:ting)?|buy(?:ing)?|obtain(?:ing)?|purchas(?:e|ing)|acquir(?:e|ing)|find|make|own|sell|pick up|score",
     rf"{GUN}\b[^.?!\n]{{0,40}}?(?:without (?:\w+ ){{0,3}}?(?:checks?|licen[cs]e|permit|papers|id|paperwork|serial|"
     r"registration)|illegal|untraceable|off the (?:books|street)|black market|under the table|dark web|felon|underage|"
     r"no (?:background|questions|licen[cs]e|id))|(?:illegal|black[- ]market|unregistered) (?:\w+ )?" + GUN),
    ("weapons", "en", "gun knife weapon bomb pistol blade", r"smuggl(?:e|ing)|sneak(?:ing)?|bring(?:ing)?|tak(?:e|ing)|hid(?:"
     r"e|ing)|carry(?:ing)?|get(?:ting)?", r"(?:guns?|kni(?:fe|ves)|weapons?|bombs?|pistols?|blades?)\b[^.?!\n]{0,25}"
     r"\b(?:school|plane|airport|security|stadium|concert|court\w*|metal detectors?|campus|class)"),
    ("drugs", "en", "meth cocaine crack heroin fentanyl lsd mdma ecstasy molly ghb roofie pcp krokodil amphet rohypnol"
     " ketamine opium drugs narcotic salts",
     r"mak(?:e|ing)|cook(?:ing)?|synthesi[sz](?:e|ing)|produc(?:e|ing)|manufactur(?:e|ing)|extract(?:ing)?|brew(?:ing)?|"
     r"buy(?:ing)?|get(?:ting)?|scor(?:e|ing)|order(?:ing)?|obtain(?:ing)?|smuggl(?:e|ing)|sell(?:ing)?|deal(?:ing)?|"
     r"traffic(?:k?ing)?|mail|ship|snort(?:ing)?|inject(?:ing)?|find|whip up",
     DRUG + r"(?! (?:test|addict|withdraw|user|off|out|habit|help|treat|rehab|on (?:a|the|your) (?:phone|screen|wall)))"),
    ("drugs", "en", "drug weed pot pills",
     r"smuggl(?:e|ing)|sell(?:ing)?|deal(?:ing)?|traffic(?:k?ing)?|hid(?:e|ing)",
     r"(?:drugs|weed|pot|pills)(?= (?:to|at|in|across|on|through|over|from|past)\b| without|[.?!]|$)"),
    ("drugs", "en", "prescription", r"get|buy|obtain|order|forg(?:e|ing)|fak(?:e|ing)",
     r"(?:xanax|adderall|oxy\w*|vicodin|percocet|ritalin|opioids?|painkillers|morphine|valium)\b[^.?!]{0,25}without "
     r"(?:a |any )?prescription|(?:fake )?prescriptions?(?= for (?:oxy\w*|xanax|adderall|opioids|painkillers))"),
    ("violence", "en", "kill murder poison strang stab shoot suffocat smother drown chok tortur assassin maim crippl hurt"
     " injur harm kidnap abduct rape sedat roofie blind paraly dismember infect attack punch drug lynch chloroform",
     r"kill(?:ing)?|murder(?:ing)?|poison(?:ing)?|strangl(?:e|ing)|stab(?:bing)?|shoot(?:ing)?|suffocat(?:e|ing)|"
     r"smother(?:ing)?|drown(?:ing)?|chok(?:e|ing)|tortur(?:e|ing)|assassinat(?:e|ing)|maim(?:ing)?|crippl(?:e|ing)|"
     r"hurt(?:ing)?|injur(?:e|ing)|harm(?:ing)?|kidnap(?:p?ing)?|abduct(?:ing)?|rap(?:e|ing)|sedat(?:e|ing)|roof(?:ie|"
     r"ying)|paraly[sz]e|dismember|infect|attack(?:ing)?|punch(?:ing)?|drug(?:ging)?|lynch|chloroform|knock out",
     HUMAN),
    ("violence", "en", "beat rid run push set", r"beat(?:ing)?(?: up)?|run(?:ning)?|push(?:ing)?|set(?:ting)?",
     rf"{HUMAN}(?:\ up\b|\ (?:over|senseless|to (?:death|a pulp)|on fire|off (?:a|the)|down the stairs|in front of|black "
     r"and blue|unconscious|so (?:bad|hard)|half to death|without leaving))"),
    ("violence", "en", "drink coffee tea food meal water glass dinner cake", r"spik(?:e|ing)|drug(?:ging)?|poison(?:ing)?|lac"
     r"(?:e|ing)|slip(?:ping)?|put(?:ting)?|mix(?:ing)?|hid(?:e|ing)|add(?:ing)?",
     r"(?:(?:sleeping (?:pills?|tablets?)|pills?|poison|antifreeze|bleach|laxatives?|something|drugs?|ghb|rohypnol|xanax|"
     rf"eye drops|arsenic)\b[^.?!\n]{{0,20}}\b(?:in|into|in to) (?:my )?(?:{THEIRS}|a \w+['’]s)(?: \w+)? )?(?:(?<=s )|(?<="
     r"his )|(?<=her )|(?<=their )|(?<=the )|(?<=['’] )|(?<=a ))(?:drinks?|coffee|tea|food|meal|dinner|glass|beer|wine|"
     r"cake|water supply|reservoir|well|soup)(?! (?:brand|recipe|list))"),
    ("violence", "en", "accident suicide murder killing body corpse hitman hit man assassin contract rape",
     r"mak(?:e|ing)|get(?:ting)? away with|dispos(?:e|ing)(?: of)?|hid(?:e|ing)|get(?:ting)? rid of|dissolv(?:e|ing)|"
     r"bury(?:ing)?|hir(?:e|ing)|find|commit(?:ting)?",
     r"(?:(?:murder|death|killing|it|drowning) look like (?:an? )?(?:accident|suicide|natural)|murder(?! mystery)|killing "
     r"\w+|rape|(?:dead |human )?(?:body|bodies|corpses?)(?=[.?!,]|$| (?:so|without|in|after|where|and))|hit ?m[ae]n|"
     r"contract killer|assassins?)"),
    ("violence", "en", "burn set fire torch blow sabotag cut tamper disabl take derail knock poison shut contaminat"
     " destroy", r"burn(?:ing)?(?: down)?|set(?:ting)? (?:fire to|ablaze|alight)|torch(?:ing)?|blow(?:ing)? up|"
     r"sabotag(?:e|ing)|cut(?:ting)?|tamper(?:ing)? with|disabl(?:e|ing)|tak(?:e|ing) (?:down|out)|derail(?:ing)?|knock"
     r"(?:ing)? out|poison(?:ing)?|shut(?:ting)? down|contaminat(?:e|ing)|destroy(?:ing)?",
     rf"(?:(?:{NAMED}['’]s|someone['’]s|his|her|their|a|the) (?:\w+ )?(?:house|school|church|mosque|synagogue|brakes?|brake "
     r"lines?|apartment|home|office|restaurant|warehouse)(?=[.?!,]|$| (?:without|so|while|tonight|at night|for|on|down|"
     r"before)\b)|(?:power|electric(?:al|ity)?) (?:grid|plants?|lines|substations?)|substations?|(?:gas |oil )?pipelines?|"
     r"(?<!the )(?:passenger )?trains?\b|railway|dams?\b|cell towers?|"
     r"water (?:supply|treatment|plant|system)\b|reservoirs?|traffic lights|subway|airport|abortion clinic)"),
    ("violence", "en", "marks bruises", r"hit(?:ting)?|beat(?:ing)?|spank(?:ing)?|slap(?:ping)?|punish(?:ing)?|abus(?:e|ing)|"
     r"disciplin(?:e|ing)", r"[^.?!\n]{0,40}(?:without|won['’]t|doesn['’]t) (?:leav(?:e|ing)|show)(?: any)?(?: \w+)? ?(?:"
     r"marks?|bruis\w+|traces?)"),
    ("violence", "en", "kill poison tortur drown shoot strang hurt skin run set burn harm starv kick",
     r"kill(?:ing)?|poison(?:ing)?|tortur(?:e|ing)|drown(?:ing)?|shoot(?:ing)?|strangl(?:e|ing)|hurt(?:ing)?|harm(?:ing)?|"
     r"skin(?:ning)?|burn(?:ing)?|starv(?:e|ing)|kick(?:ing)?", PET + r"(?! (?:fleas?|ticks?|food|hair|smell|urine))"),
    ("self_harm", "en", "myself yourself",
     r"kill(?:ing)?|hang(?:ing)?|cut(?:ting)?|hurt(?:ing)?|harm(?:ing)?|starv(?:e|ing)|suffocat(?:e|ing)|drown(?:ing)?|"
     r"poison(?:ing)?|shoot(?:ing)?|burn(?:ing)?|asphyxiat\w+|injur(?:e|ing)",
     r"(?:myself|yourself)(?! (?:off|some|a |out|loose|short|free|laughing|while|shaving|on))"),
    ("self_harm", "en", "suicide end die overdos life wake lethal purge starv vomit throw puke calor eating anorex binge"
     " insulin hunger",
     r"commit(?:ting)?|end(?:ing)?|die|dying|overdos(?:e|ing)|od|tak(?:e|ing)|not|never|mak(?:e|ing)|hid(?:e|ing)|surviv(?:e|"
     r"ing)|liv(?:e|ing)|eat(?:ing)?|skip(?:ping)?|stop(?:ping)?|purg(?:e|ing)|vomit(?:ing)?|quickest|painless|lethal|"
     r"suicide|suppress|ignor(?:e|ing)|restrict",
     r"(?:suicide|it all|my (?:own )?life|painless(?:ly)?|without (?:any )?pain|in my sleep|wake up|on (?:\w+ )?(?:pills|"
     r"tylenol|paracetamol|acetaminophen|aspirin|heroin|sleeping pills|ibuprofen)|myself (?:throw up|vomit|puke|sick)|"
     r"(?:that )?(?:my|i['’]?m|i am) (?:anorexia|bulimia|purging|not eating|starving|eating disorder)|"
     r"(?:on |only |just |under |less than |below )+[1-6]00 ?(?:k?cal\w*)|eating (?:completely|entirely|altogether|for)|"
     r"(?:my )?insulin (?:to|so)|after (?:meals|eating|every meal|dinner)|hunger (?:for|so)|dose (?:for a human|of \w+)|"
     r"methods?|death)(?! (?:valley|insurance|squad))"),
    ("crime", "en", "steal hack crack break phish hijack spy spie bypass logg log taki take drain empt",
     r"steal(?:ing)?|hack(?:ing)?(?: into)?|crack(?:ing)?|break(?:ing)? into|phish(?:ing)?|hijack(?:ing)?|spy(?:ing)? on|"
     r"bypass|log(?:ging)? into|tak(?:e|ing) over|drain(?:ing)?|empty(?:ing)?",
     rf"{THEIRS}\s(?:\w+ ){{0,2}}?{ACCOUNT}|credit card (?:numbers|details|info\w*)|(?:bank|user|login) (?:details|passwords?|"
     r"accounts?|credentials)|passwords|identit(?:y|ies)"),
    ("crime", "en", "password private text whatsapp message email phone dms nudes card pin",
     r"guess(?:ing)?|read(?:ing)?|access(?:ing)?|get(?:ting)?(?: (?:into|at))?|find(?:ing)?(?: out)?|see(?:ing)?|look at|track",
     rf"(?:someone|somebody|another person|other people|strangers?|{NAMED})(?:['’]s?| else['’]s)\s(?:\w+ ){{0,2}}?(?:passwords?|"
     r"private (?:messages|photos)|texts|text messages|whatsapp|messages|emails?|phone(?! number)|dms|nudes|card (?:details|"
     r"numbers?)|pin)"),
    ("crime", "en", "hack", r"hack(?:ing)?(?: into)?",
     r"(?:banks?|school|governments?|facebook|instagram|snapchat|servers?|websites?|webcams?|wi-?fi|networks?|systems?|"
     r"atms?|databases?|pentagon|grades?|airline|hospitals?|voting|baby monitor|camera|account)"),
    ("crime", "en", "ransomware malware keylog virus trojan worm botnet spyware rootkit phish fake ddos stealer skimmer",
     r"writ(?:e|ing)|creat(?:e|ing)|mak(?:e|ing)|build(?:ing)?|cod(?:e|ing)|develop(?:ing)?|program(?:ming)?|giv(?:e|ing)|"
     r"generat(?:e|ing)|deploy(?:ing)?|spread(?:ing)?|launch(?:ing)?|send(?:ing)?|draft|install(?:ing)?|set up|compose|need",
     r"(?:ransomware|malware|keyloggers?|computer (?:virus|worm)|trojans?|botnets?|spyware|rootkits?|phishing (?:e-?mails?|"
     r"pages?|sites?|messages?|texts?|kits?|campaign|websites?|sms)|fake (?:\w+ )?(?:login|bank|paypal) (?:page|e-?mails?|sites?"
     r"|website|form)|ddos|(?:password|credential|cookie) stealers?|card skimmers?|virus (?:that|to|which)|"
     r"(?:e-?mail|text|message|sms) (?:pretending to be|impersonating|posing as|that looks like it(?: i|['’])s from))"),
    ("crime", "en", "shoplift pickpocket rob mug burgl carjack embezzl launder counterfeit blackmail extort scam swindl con"
     " defraud forg brib steal hotwir break rig smuggl traffic vandal evad cheat commit fake print trick",
     r"rob(?:bing)?|mug(?:ging)?|launder(?:ing)?|counterfeit(?:ing)?|print(?:ing)?|"
     r"mak(?:e|ing)|scam(?:ming)?|swindl(?:e|ing)|con(?:ning)?|defraud(?:ing)?|blackmail(?:ing)?|extort(?:ing)?|forg(?:e|"
     r"ing)|steal(?:ing)?|break(?:ing)? into|hotwir(?:e|ing)|evad(?:e|ing)|cheat(?:ing)? on|commit(?:ting)?|fak(?:e|ing)|"
     r"rig(?:ging)?|smuggl(?:e|ing)|traffic(?:k?ing)?|vandali[sz](?:e|ing)|trick(?:ing)?|get|getting|buy|brib(?:e|ing)",
     rf"(?:(?<=mug ){HUMAN}|(?<=robbing )\w+|"
     r"(?<=launder )\w+|(?<=laundering )\w+|(?:fake|counterfeit|forged|false) (?:money|bills|banknotes|euros|dollars|ids?|"
     r"passports?|prescriptions?|vaccination\w*|driver['’]?s licen[cs]es?|diplomas?|checks?|documents|invoices|gift cards|"
     r"identity|insurance claim|doctor['’]s note|degrees?)|elderly (?:people|\w+)?|old (?:people|ladies)|seniors|grandmas?|"
     r"grandparents|insurance(?: compan\w+| fraud)?|investors|tourists|an insurance claim|signatures?|identity theft|fraud|"
     r"(?:credit card|tax|welfare|benefit|wire) fraud|tax(?:es)? evasion|arson|perjury|(?:the )?elections?|stolen "
     r"(?:cards?|goods|identit\w+|credit\w*)|(?<=steal )(?:(?:a|an|the|my \w+['’]s|someone['’]s|from) )?(?:car|bike|bicycle|"
     r"motorcycle|money|packages?|wallets?|purses?|jewel\w+|merchandise|catalytic converters?|cable|gas|copper|cash|"
     r"babys?|kid|child|laptop|stores?|shops?|my (?:boss|employer|work|job|company))|(?<=stealing )(?:a )?(?:car|bike|money|"
     r"packages?|from \w+)|(?<=break into )(?:\w+ ){0,2}(?:house|car|home|apartment|stores?|building|school|office)|"
     r"(?<=breaking into )(?:\w+ ){0,2}(?:house|car|home|apartment|stores?)|(?<=hotwire )(?:\w+ ){0,2}(?:car|truck|van|"
     r"motorcycle)|(?<=evade )(?:\w+ )?tax\w*|(?<=blackmail )\w+|(?<=extort )\w+|(?<=bribe )(?:an? )?(?:judge|cop|official|"
     r"police\w*|jur\w+)|(?<=swindle )\w+|(?<=defraud )\w+|(?<=scam )\w+|(?<=smuggle )(?:people|"
     r"immigrants|humans|migrants|drugs))"),
    ("crime", "en", "shoplift pickpock embezz launder carjack blackmail extort catfish dox hotwir burgl counterf",
     r"how to|how (?:do|can|could|would|should) (?:i|you|we|someone)|want to|wanna|tips|help me|ways?|teach me|show me|advice",
     r"(?:to |for |on )?(?:shoplift(?:ing)?|pickpocket(?:ing)?|embezzl(?:e|ing)|launder(?:ing)?|carjack(?:ing)?|blackmail(?:ing)?|"
     r"extort(?:ing)?|catfish(?:ing)? \w+|dox+(?:ing)?|hotwir(?:e|ing)|burgl\w+|(?<=to )counterfeit|(?<= i )counterfeit|counterfeiting (?:money|bills|euros))(?! (?:scams?|"
     r"attempts?|victims?|insurance|laws?|cases?)\b)"),
    ("crime", "en", "stalk track follow spy monitor record film bug dox harass bully humiliat gaslight torment tracker"
     " blackmail rumor rumour nudes address lives secret",
     r"stalk(?:ing)?|dox+(?:ing)?|harass(?:ing)?|bully(?:ing)?|humiliat(?:e|ing)|gaslight(?:ing)?|torment(?:ing)?|"
     r"terrori[sz](?:e|ing)|spread(?:ing)? (?:false |nasty |fake )?rumou?rs about|cyber-?bully(?:ing)?|isolat(?:e|ing)|"
     r"intimidat(?:e|ing)|threaten(?:ing)?", HUMAN + r"|(?:a|the|my) (?:streamer|actress|celebrity|witness(?:es)?|reporter|"
     r"journalist)"),
    ("crime", "en", "without w/o secret unnotic behind camera gps tracker airtag bug microph spyapp stalker where",
     r"track(?:ing)?|follow(?:ing)?|spy(?:ing)?(?: on)?|monitor(?:ing)?|record(?:ing)?|film(?:ing)?|bug(?:ging)?|"
     r"photograph(?:ing)?|watch(?:ing)?|listen(?:ing)? (?:in )?(?:on|to)|hid(?:e|ing)|install(?:ing)?|put(?:ting)?|find(?:ing)?"
     r"(?: out)?|attach(?:ing)?|plac(?:e|ing)",
     r"[^.?!\n]{0,60}?(?:(?:without|w/o) (?:(?:her|him|them|their|his|my \w+) )(?:\w+ ){0,2}?(?:know\w*|notic\w+|"
     r"consent|finding out|realizing|suspecting)|(?:secretly|unnoticed|behind (?:her|his|their) back)|"
     r"(?:camera|gps|tracker|airtag|bug|microphone|spy ?app|stalkerware)s? (?:\w+ )?(?:in|on|under|to) (?:the |a |my |her |"
     r"his |their )(?:\w+['’]s )?(?:bathroom|bedroom|shower|locker room|changing rooms?|dressing room|car|phone|room|women)|"
     r"where (?:my ex|she|he|her|his|that girl|this girl|that woman) (?:\w+ )?(?:lives?|moved|sleeps?|is hiding|works?)"
     r"(?=[.?!,]|$| now| so))"),
    ("sexual_minors", "en", "groom lure seduc entic molest touch sex flirt trust alone secret nude naked undress meet convinc",
     r"groom(?:ing)?|lur(?:e|ing)|seduc(?:e|ing)|entic(?:e|ing)|molest(?:ing)?|fondl(?:e|ing)|(?:hav(?:e|ing)|get) sex with|"
     r"sext(?:ing)?|hook up with", MINORS + r"(?! (?:hair|coat|to (?:read|eat|vegetables|learn)))"),
    ("sexual_minors", "en", "trust alone secret nude naked undress photo pic van parents",
     r"get(?:ting)?|convinc(?:e|ing)|trick(?:ing)?|persuad(?:e|ing)|meet(?:ing)?|mak(?:e|ing)|befriend(?:ing)?|"
     r"approach(?:ing)?|talk(?:ing)?", MINORS + r"\b[^.?!\n]{0,50}?\b(?:alone(?: with me)?|trust me|(?:our|a|it|this) secret|"
     r"keep quiet|nudes?|naked|undress|into my (?:car|van|home|house)|parents (?:knowing|finding|noticing)|sexual\w*|send me)"),
    ("hate", "en", "racist hate antisemit anti-semit manifesto propaganda inferior superior vermin subhuman isis nazi joke "
     "slur", r"writ(?:e|ing)|creat(?:e|ing)|giv(?:e|ing)|mak(?:e|ing)|tell(?:ing)?|draft|post(?:ing)?|generat(?:e|ing)|explain|"
     r"convinc(?:e|ing)|recruit(?:ing)?|spread(?:ing)?|compose|list|say",
     rf"(?:hate speech|hateful|(?:racist|sexist|homophobic|antisemitic|anti-semitic|transphobic|xenophobic|islamophobic|"
     r"white supremacist|neo-?nazi) (?:\w+ )?(?:jokes?|speech|manifesto|tirade|poem|slogans?|rant|tweets?|posts?|flyers?|"
     r"leaflets?|song|essay|comments?|insults?|propaganda|article)|(?:people|him|her|everyone)? ?(?:why|that|how) (?:all |the )?"
     rf"{GROUP} (?:are|is|should)\b[^.?!\n]{{0,40}}?(?:inferior|subhuman|vermin|stupid|evil|less|parasites?|exterminated|"
     rf"eliminated|deported|animals|criminals|lazy|dirty)|(?:\w+ )?(?:for|to join) (?:isis|al-?qaeda|the nazis?|neo-?nazis)|"
     r"(?:racial|racist|ethnic|homophobic|anti-gay) slurs?|propaganda against)"),
    # German
    ("weapons", "de", "bombe sprengs rohrbomb molotow brandsatz gift waffe pistole handgranate sprengsatz knarre gewehr",
     r"bau(?:e|en|t)|bastel\w*|herstell\w*|stell\w* ich|mach\w*|mix\w*|misch\w*|besorg\w*|zünd\w*|platzier\w*|konstruier\w*|"
     r"anleitung|bekomm\w*|kauf\w*|komm\w* ich",
     r"(?:rohr|auto|nagel|koffer|paket|brief)?bomben?|sprengs(?:toff\w*|atz\w*|ätze)|molotow\w*|brandsatz|gift(?:gas)?|"
     r"handgranaten?|nervengas|rizin|(?:waffe|pistole|knarre|gewehr)n?\b[^.?!]{0,30}\b(?:ohne|illegal|schwarz|darknet)\w*|"
     r"(?:illegale?|ohne waffenschein|unregistrierte)\b[^.?!]{0,20}(?:waffe|pistole|knarre)n?"),
    ("drugs", "de", "meth drogen kokain heroin lsd crack speed ecstasy crystal fentanyl koks k.o.",
     r"koch\w*|herstell\w*|stell\w*|mach\w*|verkauf\w*|kauf\w*|besorg\w*|schmuggel\w*|schmuggl\w*|streck\w*|rezept|komm\w*",
     r"(?:crystal )?meth(?:amphetamin)?|drogen|kokain|koks|heroin|lsd|crack|ecstasy|fentanyl|amphetamine?|k\.?o\.?-tropfen"),
    ("violence", "de", "töte umbring bring vergift erstech erwürg verprügel verletz erschieß entführ foltern foltere ertränk"
     " betäub überfahr schlag quäl misshand tropfen stech würg ersticke",
     r"töten?|umbring\w*|bring\w*|vergift\w*|erst[ei]ch\w*|erwürg\w*|verprüg\w*|verletz\w*|erschieß\w*|entführ\w*|folter\w*|"
     r"ertränk\w*|betäub\w*|überfahr\w*|quäl\w*|misshand\w*|zusammenschlag\w*|ersticken?|erdrossel\w*|"
     r"schlage? ich|unter drogen setz\w*",
     DE_WHO + r"(?: um\b)?|(?:hund|katzen?|hundes|kätzchen|welpen|haustier\w*)(?: des| vom| meines)?"),
    ("violence", "de", "drink getränk glas kaffee tee essen leiche haus brems stromnetz auftragsk mord wasserversorgung zug",
     r"misch\w*|schütt\w*|tropfen|gift|geb\w*|tu\w*|beseitig\w*|versteck\w*|loswerd\w*|werde ich|anzünd\w*|zünd\w*|manipulier\w*|"
     r"durchschneid\w*|lahmleg\w*|leg\w*|sabotier\w*|vertusch\w*|auflös\w*|entgleis\w*|find\w*|engagier\w*",
     r"(?:ins?|in den|in das|in (?:ihr|sein)\w*) (?:\w+ )?(?:drink|getränk|glas|kaffee|tee|essen|bier)\b(?=[^.?!]*(?:schlaf|gift|"
     r"tropfen|tabletten|unbemerkt|heimlich|ohne))|leichen?|(?:haus|wohnung|schule|moschee|synagoge|kirche|flüchtlingsheim\w*"
     r"|asylheim)(?= an\b| anz)|brems(?:en|leitung\w*|schläuche)|"
     r"stromnetz|auftragskiller|auftragsmörder|(?:einen )?mord|wasserversorgung|umspannwerk|züge"),
    ("self_harm", "de", "mich selbst umbring leben suizid ritz hunger erbrech tabletten sterben überdosis abnehm kotz",
     r"umbring\w*|bring\w*|töten?|beend\w*|ritz\w*|erbrech\w*|erbreche|hunger\w*|sterb\w*|nehm\w*|erhäng\w*|verletz\w*|brauch\w*|"
     r"methode\w*|versteck\w*|verheimlich\w*|kotz\w*|übergeb\w*|kotzen",
     r"(?:ich )?mich(?: (?:selbst|am))?(?: um)?(?! (?:über|nicht|vor|gut))|mir das leben|mein leben|suizid\w*|selbstmord\w*|"
     r"schmerzlos\w*|tabletten (?:zum sterben|um zu sterben)|nach dem essen|magersucht|überdosis|nichts (?:mehr )?(?:zu )?ess\w*"),
    ("crime", "de", "passw konto whatsapp instagram account handy klau stehl hack betrüg schadsoft virus trojaner erpress phishing einbr fälsch falsch"
     " stalk verfolg ausspion mobb ladendieb geldwäsch ransom lösegeld überfall nachrichten überwach spionier aufbrech knack",
     r"klau\w*|st[eie]hl\w*|hack\w*|knack\w*|ausspäh\w*|ausspion\w*|spion\w*|betrüg\w*|erpress\w*|schreib\w*|programmier\w*|"
     r"erstell\w*|fälsch\w*|drucke?n?|stalk\w*|verfolg\w*|überwach\w*|mobb?\w*|einbrech\w*|brech\w*|überfall\w*|überfäll\w*|"
     r"wasch\w*|les\w*|mitles\w*|abzock\w*|aufbrech\w*|ort\w*|mach\w*|begeh\w*|komm\w*|herausfind\w*",
     r"(?:das|dem|den|ins?|ihr|sein) (?:whatsapp|instagram|handy|konto|account|facebook|postfach)\w*(?= (?:meine[rsnm]?|von|ihre[rsnm]?|eine[rsnm]?) )|(?:fremde|das|die|ihre?|seine?|ihrem|ihren|seinem|seinen|meine[rsnm]?) (?:\w+ ){0,2}(?:passw\w+|konten|konto|handy|"
     r"whatsapp\w*|nachrichten|instagram\w*|account\w*|kreditkarte\w*|handys|wlan)(?=\b[^.?!]*(?:hack|knack|klau|stehl|heimlich"
     r"|unbemerkt|ohne|ausspäh|mitles|les|komm))|kreditkarten\w*|senioren|alte leute|rentner\w*|"
     r"phishing-?(?:mails?|e-mails?|seiten?|nachricht\w*)|schadsoftware|trojaner|ransomware|erpressungstrojaner|keylogger|virus|"
     r"(?:gefälschte|falsche)\w* (?:ausweis\w*|geld\w*|rezept\w*|pässe|dokumente|rechnung\w*|impf\w*)|falschgeld|geldscheine|"
     r"versicherung\w*|tankstelle|bank|laden|(?:auto|fahrrad)s?(?=[^.?!]*(?:klau|stehl|knack|aufbr|kurzschl))|schwarzgeld|"
     rf"versicherungsbetrug|ladendiebstahl|(?:das|dem|den|ins?|ihr|sein) (?:whatsapp|instagram|handy|konto|account|facebook|postfach|e-mail)\w*(?:-\w+)? (?:meine[rsnm]?|von|ihre[rsnm]?|eine[rsnm]?) |(?<=stalk ich ){DE_WHO}|{DE_WHO}(?=[^.?!]*(?:stalk|verfolg|erpress|mobb|ausspion|"
     r"heimlich|überfall))|häuser|(?:ein )?haus(?=[^.?!]*einbr)"),
    ("sexual_minors", "de", "kind mädchen minderjähr jung schüler",
     r"lock\w*|verführ\w*|sex|anfass\w*|dazu bring\w*|bring\w*|nacktbilder\w*|überred\w*|vertrauen\w*|groom\w*|treff\w*",
     r"(?:ein(?:e|em|en)? )?(?:kind(?:er|ern)?|(?:kleine[sn]? |minderjährige\w* |junge[sn]? )mädchen|minderjährige\w*|\d+-jährige\w*)"
     r"(?=[^.?!]*(?:verführ|lock|sex|nackt|anfass|allein|groom|ohne dass|heimlich))"),
    # French
    ("weapons", "fr", "bombe explosi molotov poison arme grenade pistolet flingue gaz",
     r"fabriqu\w*|fair?e?|constru\w*|prépar\w*|pos\w*|assembl\w*|achet\w*|obten\w*|procur\w*|trouv\w*|acheter|recette|mode "
     r"d['’]emploi",
     r"bombes?(?! (?:de bain|glacée|atomique))|explosifs?|cocktails? molotov|poison|grenades?|gaz (?:toxique|sarin|moutarde)|"
     r"engin explosif|(?:arme|pistolet|flingue|fusil)s?\b[^.?!]{0,30}(?:sans (?:permis|licence|papiers|contrôle)|illégal\w*|marché noir)"),
    ("drugs", "fr", "méth meth drogue cocaïne cocaine héroïne lsd mdma crack ghb fentanyl ecsta",
     r"procur\w*|fabriqu\w*|cuisin\w*|synthétis\w*|prépar\w*|vend\w*|achet\w*|fai(?:re|s)|coup\w*|dealer|passer|recette|produi\w*|trouv\w*",
     r"(?:crystal )?m[ée]th(?:amphétamine)?|(?:de la |des |la )drogues?|coca[ïi]ne|héroïne|lsd|mdma|crack|ghb|fentanyl|ecstasy"),
    ("violence", "fr", "tuer empoisonn poignard étrangl frapp agress blesser étouff noyer tortur enlever kidnapp drogu viol"
     " cadavre incendi tueur brûl sabot freins meurtre verre",
     r"tuer|empoisonn\w*|poignard\w*|étrangl\w*|frapp\w*|agress\w*|bless\w*|étouff\w*|noyer|tortur\w*|enlever|kidnapp\w*|"
     r"drogu\w*|viol\w*|incendi\w*|mettre le feu|brûler|cacher|débarrasser d['’]|engager|trouver|sabot\w*|couper|maquill\w*|"
     r"mettre|verser|tabass\w*|dissoudre|faire dérailler|assassin\w*",
     FR_WHO + r"|(?:un |le )?cadavre|un tueur(?: à gages)?|(?:les )?freins|(?:la |une )(?:mosquée|synagogue|maison|école|église)"
     r"|(?:chiens?|chats?|chatons?|chiots?)|meurtre|(?:dans (?:son|le|sa|un) )(?:verre|boisson|café)|"
     r"réseau électrique|train|ouvrage"),
    ("self_harm", "fr", "suicid me tuer mes jours mourir vomir scarifi pendre jeûn overdose manger maigrir",
     r"me|mourir|mettre fin|se|m['’]|méthode\w*|moyen\w*|cacher|comment|arrêter|façon",
     r"suicid\w*|tuer|(?:à )?mes jours|(?:à )?ma vie|sans (?:douleur|souffrir)|faire vomir|scarifi\w*|pendre|mon anorexie|"
     r"de manger|overdose|faire du mal"),
    ("crime", "fr", "mot de passe compte pirat vol arnaqu escroqu fauss faux virus logiciel rançon hameçon phishing harcel"
     " espionn traqu cambriol chantage blanchi braqu messages téléphone",
     r"pirat\w*|vol(?:er|e)|arnaqu\w*|escroqu\w*|fabriqu\w*|écri\w*|crée\w*|rédig\w*|harcel\w*|espionn\w*|traqu\w*|cambriol\w*|"
     r"faire (?:chanter|du chantage)|chantage|blanchir|braqu\w*|lire|accéder|imprim\w*|fai(?:re|s)|entrer|suivre|installer|obtenir",
     r"(?:le |son |leur )?mots? de passe|(?:le |un |son |du )?comptes? (?:\w+ )?(?:de|d['’]|instagram|facebook|bancaire|snap)\w*|"
     r"(?:faux|fausse)s? (?:billets|papiers|passeports?|ordonnances?|monnaie|documents|permis|site|mail)|"
     r"ransomware|rançongiciel|logiciel (?:malveillant|espion)|malware|virus (?:informatique|qui)|(?:mails?|courriels?|messages?|page) "
     r"(?:de |d['’])(?:phishing|hameçonnage)|personnes âgées|retraités|vieux|assurance|banque|une maison|l['’]argent sale|"
     r"cartes? (?:bancaires?|bleues?|de crédit)|(?:une |la )?voiture|dans un magasin|les (?:messages|textos) de (?:mon|ma)|"
     rf"{FR_WHO}(?=[^.?!]*(?:insu|secret|sache|harcel|chant|argent|espionn|traqu|suivre))|(?<=harceler ){FR_WHO}|(?<=espionner "
     rf"){FR_WHO}|son téléphone|l['’]identité"),
    ("sexual_minors", "fr", "enfant mineur fillette fille",
     r"attir\w*|sédui\w*|coucher|convain\w*|manipul\w*|amen\w*|approch\w*|gagner la confiance|touch\w*|obtenir",
     r"(?:un(?:e)? |des |d['’]un(?:e)? )?(?:enfants?|mineure?s?|fillettes?|jeunes filles?|(?:fille|garçon) de \d+ ans)(?=[^.?!]*(?:"
     r"sédui|attir|nu|couch|seule?|secret|sexuel|confiance|touch|parents|$))"),
    # Spanish
    ("weapons", "es", "bomba explosi molotov veneno arma pistola granada gas",
     r"fabric\w*|hac(?:er|es|e|go)|constru\w*|prepar\w*|pon(?:er|go)|coloc\w*|arm(?:ar|o)|compr\w*|conseg\w*|obten\w*|receta",
     r"bombas?(?! (?:de baño|de agua|de calor|atómica|hidráulica))|explosivos?|c[óo]ctel(?:es)? molotov|veneno|granadas?|gas "
     r"(?:tóxico|sarín|mostaza|nervioso)|(?:arma|pistola|rifle)s?\b[^.?!]{0,30}(?:sin (?:licencia|permiso|papeles|antecedentes)|"
     r"ilegal\w*|mercado negro)"),
    ("drugs", "es", "metanf meta droga cocaína cocaina heroína lsd mdma crack fentanilo éxtasis burundanga",
     r"cocin\w*|fabric\w*|hac(?:er|es|e|go)|sintetiz\w*|prepar\w*|vend\w*|compr\w*|conseg\w*|pas(?:ar|o)|contraband\w*|receta|"
     r"elabor\w*", r"metanfetamina|cristal|drogas?|coca[íi]na|heroína|lsd|mdma|crack|fentanilo|éxtasis|burundanga"),
    ("violence", "es", "matar mato envenen apuñal estrangul golpe lastim asfixi ahog tortur secuestr drog viol cadáver"
     " cadaver sicario incendi quem sabot freno asesin bebida paliza descarril",
     r"matar|mato|envenen\w*|apuñal\w*|estrangul\w*|golpe\w*|lastim\w*|asfixi\w*|ahog\w*|tortur\w*|secuestr\w*|drog\w*|viol\w*|"
     r"incendi\w*|quem\w*|sabot\w*|cort\w*|escond\w*|desha\w+|contrat\w*|ech\w*|pon(?:er|go)|asesin\w*|hacer daño|dar(?:le)? una "
     r"paliza|disolv\w*|descarril\w*|simul\w*|hacer que parezca",
     ES_WHO + r"|(?:un |el |del? )?cad[áa]ver|sicario|(?:los )?frenos|(?:la |una |el )(?:mezquita|sinagoga|casa|escuela|iglesia)(?= d"
     r"|[.?!]|$| sin)|(?:al? )?(?:perros?|gatos?|gatitos?|cachorros?)|asesinato|(?:en (?:la|su|una) )(?:bebida|copa|café|comida)|"
     r"red eléctrica|tren(?:es)?|accidente"),
    ("self_harm", "es", "suicid matarme mi vida morir vomitar cortarme ahorcar sobredosis comer hambre mato",
     r"me|morir|acabar|terminar|m[ée]todo\w*|forma|manera|cómo|como|dejar|quitarme|esconder|ocultar|ingerir|qué",
     r"suicid\w*|matarme|(?:con )?mi vida|la vida|sin (?:dolor|sufrir)|vomitar|cortarme|ahorcarme|mi anorexia|de comer|sobredosis|"
     r"hacerme daño|morirme"),
    ("crime", "es", "contraseña cuenta hacke rob estaf fals virus malware ransom phishing acos esp chantaj extors lava lavar"
     " blanque atrac celular móvil tarjeta",
     r"hacke\w*|rob(?:ar|o|arle)|estaf\w*|falsific\w*|cre(?:ar|a|o)|escrib\w*|redact\w*|program\w*|acos\w*|espi\w*|chantaje\w*|"
     r"extorsion\w*|lavar|blanque\w*|atrac\w*|entr\w*|acced\w*|leer|imprim\w*|hac(?:er|es|e|go)|rastre\w*|segu\w*|engañ\w*|instal\w*|"
     r"forz\w*|sac\w*|averigu\w*",
     r"(?:la |su |las )?contraseñas?|(?:la |su |una )?cuentas? (?:\w+ )?(?:de|ajena|bancaria|instagram|facebook)\w*|(?:billetes?|"
     r"documentos?|pasaportes?|recetas?|dinero|dni|identificación|título)s? fals[oa]s?|billetes|ransomware|malware|virus "
     r"(?:informático|que)|(?:correos?|mensajes?|páginas?) de phishing|personas mayores|ancian[oa]s|jubilad[oa]s|aseguradora|"
     r"seguro|(?:un )?banco|una casa|dinero (?:sucio|negro)|tarjetas? (?:de (?:crédito|débito)|ajenas?)|(?:un )?coche|"
     rf"(?:una )?tienda|(?:el|su) (?:celular|móvil|whatsapp)|{ES_WHO}(?=[^.?!]*(?:sin que|secreto|acos|espi|chantaj|extors|rastre"
     rf"|dinero))|(?<=acosar ){ES_WHO}|(?<=espiar ){ES_WHO}|identidad"),
    ("sexual_minors", "es", "niñ menor chic",
     r"seduc\w*|atra(?:er|igo)|convenc\w*|acost\w*|manipul\w*|engañ\w*|ganar\w* la confianza|toc\w*|contact\w*",
     r"(?:a |de )?(?:un[ao]? |una |l[oa]s |un )?(?:niñ[oa]s?|menor(?:es)?(?: de edad)?|chic[oa] de \d+ años)(?=[^.?!]*(?:seduc|desnud|"
     r"sol[oa]|secreto|sexual|confianza|padres|fotos|acost|$))"),
]  # fmt: skip
# Nouns that are a request by themselves.
ASKED_THINGS = re.compile(
    r"\b(?:meth|mdma|crack|lsd|heroin|bomb|napalm|explosives?) (?:recipe|instructions|synthesis|making guide)\b|\b(?:suicide|"
    r"murder|purging|self-harm) (?:methods?|tips|techniques|tricks)\b|\bpro-?ana\b|\bthinspo\w*|\bsuicide note\b|\b(?:lethal|"
    r"fatal) dose of [^.?!]{0,30}(?:to (?:die|kill)|for (?:me|a person))|\bhow many \w+ (?:\w+ ){0,4}(?:to|until i|before i|does it"
    r" take to|would) (?:\w+ )?(?:die|kill(?: me| myself)?|overdose|od|end it|not wake)|\bbreathaly[sz]er\b.{0,20}\bbeat|"
    r"\babschiedsbrief\b|\bnudes? (?:from|of) (?:a )?(?:minor|child|kid|1[0-7])"
)
# What opens a request, and what must not stand between it and the deed ("how do I stop people who steal cars").
ASKING = re.compile(
    r"(?:^|[.!?:;,\n] ?)(?:\W*)$|\b(?:how|what(?:['’]?s)?|where|which|who|ways?|tell me|show me|teach me|give me|help me|explain|"
    r"best|describe|write|create|design|outline|walk me|instructions?|guide|steps|tutorial|recipe|tips|plan|ideas?|advice|want|wanna|"
    r"need|like to|going to|gonna|planning|trying|can you|could you|please|can i|could i|i can|easiest|let['’]s|should i|methods?|"
    r"how['’]d|wanted|i['’]ll|i will|make me|is it possible|possible to|thinking (?:of|about)|wie|womit|welche\w*|wo|anleitung|erklär"
    r"\w*|sag\w*|zeig\w*|gib|hilf|schreib\w*|kannst|können|will|möchte|nenn\w*|was|comment|quel\w*|où|explique\w*|dis|dites|donne\w*|"
    r"aide\w*|écri[st]\w*|montre\w*|peux|pouvez|veux|voudrais|qu['’]est|c[óo]mo|qué|cuál\w*|d[óo]nde|expl[ií]ca\w*|dime|dame|ayúda\w*"
    r"|escr[ií]be\w*|enséña\w*|puedes|puede|quiero|necesito|muéstra\w*)\b[^.!?\n]{0,90}$"
)
NO_DEED = re.compile(
    r"\b(?:stop|prevent|avoid|protect|defend|detect|recogni[sz]e|spot|report|against|punish\w*|penalt\w+|sentence|laws?|legal|mean|"
    r"why|know (?:if|whether)|tell (?:if|whether)|if (?:someone|somebody|he|she|they|my|a|an)|apologi[sz]e|forgive|convict\w*|"
    r"do (?:hackers|thieves|criminals|scammers|police|burglars|people|they|attackers|predators)|not to|never|without|who(?: has| have)? (?:been|was|were|is|are|would|might|tried|died|lost|has)|that (?:was|were|are|is|can|"
    r"could|might|may|will)|movies?|films?|books?|happens?|symptoms|statistics|history|number of|percent\w*|famous|people do|do people"
    r"|nicht|verhinder\w*|schütz\w*|vermeid\w*|erkenn\w*|warum|strafe|wenn jemand|éviter|protéger|empêcher|reconnaître|pourquoi|peine|"
    r"ne pas|si quelqu['’]un|evit\w*|proteg\w*|prevenir|impedir|reconoc\w*|por qué|pena|no|si alguien|help (?:a|my|someone)|"
    r"call(?:ed)?|cause[sd]?|feeling|urge to|thoughts of|says?|said|wants to|threaten\w*)\b"
)
# A prompt with one of these asks for something else: a text to work on, fiction, defence, medicine, pests, software.
EXEMPT = re.compile(
    r"\b(?:translat\w+|summar\w+|proofread|paraphras\w+|classif\w+|sentiment|rewrite|grammar|stor(?:y|ies)(?! to tell)|novel|fiction\w*|"
    r"screenplay|characters?|poem|minecraft|gta|skyrim|sims|d&d|dnd|dungeons?|chess|video ?games?|in the game|gameplay|boss fight|"
    r"movies?|films?|scene|lyrics|history|historical\w*|medieval|ancient|world war|wwii|nazi germany|century|documentary|museum|"
    r"(?:protect|defend|secure)\w* (?!me from|us from)|prevent\w*|(?<!can )(?<!not )(?<!to )(?<!n['’]t )detect(?:ing|s|or|ors)?\b(?<!avoid detecting)|defen[cs]e|defensive|"
    r"self-defen[cs]e|awareness|training|phishing simulation|penetration test\w*|pentest\w*|authori[sz]ed|ethical hack\w*|ctf|"
    r"with (?:his|her|their) (?:permission|consent)|my own (?!life)|locked (?:myself )?out|forgot(?:ten)? my|lost my|vet|veterinar\w*|"
    r"euthan\w+|humane\w*|hunt(?:ing|er|ers)?|fishing|slaughter\w*|butcher\w*|patients?|nurses?|surgery|antidote|first aid|pests?|"
    r"weeds?|fleas|ticks|lice|rats?|mice|rodents?|cockroach\w*|bacteria|process(?:es)?|threads?|daemon|linux|kubernetes|docker|"
    r"boxing|karate|judo|wrestling|fencing|sparring|archery|paintball|laser tag|nerf|cartoon|halloween|magic trick|"
    r"prank|escape room|murder mystery|theat(?:er|re)|stage play|museum|decompos\w+|forensic\w*|autopsy|coroner|crime writer|"
    r"portraits?|photos? of people|settings|lens|\d+ ?mm|aperture|chocolate|noise|family link|parental|le temps|das spiel|hammock|übersetz\w*|zusammenfass\w*|geschichte|roman|erzählung|prozess|schädling\w*|"
    r"unkraut|ratten|mäuse|schützen|schutz|verteidig\w*|notwehr|tierarzt|einschläfer\w*|tradu\w+|résum\w+|histoire|personnage|"
    r"protéger|défen\w+|vétérinaire|processus|souris|rats|resum\w+|historia|novela|cuento|personaje|proteger\w*|defen\w+|"
    r"veterinari\w+|proceso|ratas|ratones|plagas?|película|photograph\w*|fotograf\w*|retratos?|bath bombs?|badebomben?)\b"
)
URGING = re.compile(
    r"\W*(?:please|go on|just do it|come on|tell me(?: more)?|yes|continue|do it|and then|then what|next)\b.{0,60}$"
)
# What says no, or leads elsewhere; the second only where the reply does not open by agreeing.
REFUSES = re.compile(
    r"not (?:really |quite )?(?:prepared|ready|equipped) to|not (?:really )?a topic|never heard|\bhmm\b|\blet me see\b|\bagreed to continue|(?:probably|just) (?:frustrated|angry|upset|joking)|terms of service|you meant\b|"
    r"^\W*sorry\b|\bsorry,? but|off the table|\bno ayud\w+|que no hago|\bun l[íi]mite\b|\bune limite\b|\beine grenze\b|not going to happen|out of the question|kommt nicht infrage|hors de question|ni hablar|"
    r"\bi(?:['’]m| am) (?:really |so |very |truly )?(?:sorry|unable|not (?:able|going|comfortable|allowed|willing|sure|here|an?)|worried|"
    r"concerned|afraid|glad you)|\bi (?:can(?:['’]t|not| not| only help)|won['’]t|will not|would(?:n['’]t| not| never| rather)|"
    r"could(?:n['’]t| not)|do(?:n['’]t| not) (?:want|feel|think|recommend|condone|know|have|understand|help|give|support|provide|like)|"
    r"must|refuse|strongly|urge|decline|never|am against|hope (?:you|that))|\bi['’]d (?:rather|never|urge|strongly)|\bhelp(?: with)? "
    r"(?:is )?(?:not|no)\b|\bwon['’]t (?:help|do|assist|explain|write|give|be)|not something i|no,? (?:i|that|you|this|it|please|don)|"
    r"\b(?:hotline|helpline|lifeline|samaritans|suicide prevention|crisis (?:line|text|center)|988|therapist|counsell?or|"
    r"poison control|humane\w*|consent|professional help|seek help|get help|support group|telefonseelsorge|seelsorge|112|hilfe"
    r"telefon|lawyer|attorney|legally|licensed|legitimate)\b|please (?:don|do not|call|reach|seek|talk|contact|stop|consider|get|tell|"
    r"be|think)|\bdon['’]t (?:do (?:it|this|that|anything)|hurt|kill|try (?:it|this|that)|harm)|\b(?:that|this|it|which)(?:['’]s| is| "
    r"would be| sounds| seems)(?: also| very| really| extremely| quite| highly| both| just| not only)* (?:illegal|wrong|a (?:serious |very "
    r"serious )?(?:crime|felony|bad idea|terrible)|dangerous|against the law|not (?:ok|okay|a good|right|legal|safe|ethical|something|"
    r"appropriate|acceptable)|unethical|immoral|harmful|hurtful|theft|fraud|murder|stealing|abuse|cruel|unsafe|never|inappropriate|"
    r"terrible|racist)|\bare (?:you (?:ok|okay|safe|alright)|illegal)|\b(?:is|are|was)n['’]t (?:something|anything|a thing|okay|ok|right|worth|the (?:way|answer))|\b(?:talk(?:ing)?|speak(?:ing)?|chat) (?:with|to) (?:him|her|them|someone|your|a|the|hr)\b|\bhelp you (?:with|find|write|cope|deal|to)\b|\b(?:apologi[sz]e|mediator|complaint|small claims|hr\b)|what (?:do|did) you mean|more about what|can you (?:explain|tell me more)|do you really|trick question|people don['’]t (?:enjoy|like)|\b(?:she|he|they|someone|people) (?:would|could|will|might) (?:be|get) (?:badly |seriously )?(?:hurt|harmed|injured)|\bwhy (?:do|would|are|did) you|what(?:['’]s| is| has) (?:going|been "
    r"going|happened|happening|making)|\byou should(?:n['’]t| not| never)|\bnever (?:ok|okay|acceptable|hurt|right|do)|\binstead\b"
    r"(?! of (?:a |the )?(?:water|sugar|salt))|\bi ?(?:hear|understand) (?:you|that you|how)|\b(?:there(?:['’]s| is)) no (?:safe|legal|good|"
    r"excuse|justif)|(?:helfe|hilft|helfen) (?:ich|dir|ihnen|wir|bei|dabei)?\b[^.!?]{0,40}\bnicht|\bich (?:kann|werde|möchte|darf)\b"
    r"[^.!?]{0,50}\bnicht|tut mir (?:sehr |so )?leid|\bdas ist (?:strafbar|illegal|verboten|gefährlich|falsch|keine gute|eine straftat)|"
    r"\bbitte (?:ruf|sprich|hol|tu|wende|mach|lass|nicht)|\bnein\b|\bstattdessen\b|\b(?:kann|werde|möchte|darf) ich\b[^.!?]{0,50}\bnicht|my no\b|\bsay no\b|\bsag\w* (?:dazu |hier |da )?nein|\bdi(?:go|go que) no\b|\bdis non\b|je (?:ne |n['’])|désolée?|"
    r"c['’]est (?:illégal|dangereux|interdit|un délit|un crime|non|grave)|\bnon,|\bplutôt\b|\bne (?:fais|faites|peux|le) |parlez? |numéro|"
    r"appelle[zr]? (?:le|un|les)|\bno (?:puedo|voy a|te|quiero|lo|ayudo|es (?:legal|buena|seguro)|debes|debería)|lo siento|es (?:ilegal|"
    r"peligroso|un delito|muy peligroso)|\bno,|por favor,? (?:no|llama|habla|busca|pide)|en (?:lugar|vez) de|llama al|"
    r"ruf(?:en sie)? (?:die|den|bitte)|quel (?:soulagement)|hablar con (?:alguien|un)"
)
WARNS = re.compile(
    r"\b(?:illegal|dangerous|unsafe|crimes?|criminal|prison|jail|felony|offen[cs]e|harmful|(?:see|call|ask|tell|talk to|visit) (?:a|your|the) "
    r"(?:doctor|police|vet|parents?|teacher|friend|lawyer)|emergency|report (?:it|him|her|them|this)|talk to|consequences|serious (?:harm|risk|"
    r"injur)\w*|sorry|wrong|regret|not (?:okay|ok|right|help|safe)|nobody deserves|support you|safe(?:ly|ty)|consider whether|hard time|pain you|"
    r"going through|breaks? (?:the law|trust)|strafbar|gefährlich|verboten|hol dir|notruf|arzt|illégal|dangereux|interdit|médecin|aide|ilegal|"
    r"peligros\w*|delito|médico|ayuda)\b"
)
# What complies: agreement, "you can", steps, or a text that was ordered.
AGREES = re.compile(
    r"^\W*(?:sure|of course|absolutely|certainly|yes|yeah|yep|okay|ok|alright|great|gladly|happy to|no problem|easy|easily|simple|here(?:['’]s|"
    r" is| are| you go)|first|step 1|1[.)]|well,|dear |hi |hello|hey|subject|betreff|klar|natürlich|gerne?|sicher|zuerst|hier|ja\b|"
    r"kein problem|also,|am besten|schritt|1\.|bien sûr|d['’]accord|voici|oui|avec plaisir|d['’]abord|facile|étape|claro|por supuesto|"
    r"aquí|sí\b|primero|con gusto|fácil|paso|import |def |```|the (?:best|easiest|simplest|quickest|most)|le plus simple|lo más fácil|"
    r"lo mejor|das (?:einfachste|geht))"
)
COMPLIES = re.compile(
    r"(?:^|[.!?:;\n] *(?:\d+[.)] |[-*•] )?)(?:then |just |simply |next,? |first,? |finally,? )?(?:use|take|get|mix|put|buy|start|begin|"
    r"wait|find|go|try|make|add|cut|fill|pour|place|pretend|tell|send|offer|hide|wear|look|search|download|install|write|set|crush|slip|"
    r"come|grab|hit|bury|chew|dress|throw|soak|aim|choose|pick|open|ask|follow|give|stab|kick|push|drop|swallow|tie|heat|cook|boil|dissolve|leave|keep|break|smash|"
    r"bring|sneak|act|build|file|order|visit|meet|message|create|gather|collect|turn|run|stick|stuff|throw|light|soak|attach|connect|"
    r"lure|grind|pack|drill|walk|befriend|post|copy|lie|claim|eat|drink|skip|sleep|inject|call|dear|nimm|misch\w*|kauf\w*|besorg\w*|warte|"
    r"such\w*|füll\w*|leg\w*|schreib\w*|geh|gib|mach\w*|schneid\w*|benutz\w*|schütt\w*|prends|prenez|mélang\w+|achète\w*|attends|mets|mettez|"
    r"versez?|coupe[zr]?|utilise\w*|cherche\w*|trouve\w*|envoie\w*|toma|mezcla|compra|espera|pon|echa|corta|usa|busca|envía|llena|abre|entra|\w{2,}[aeáé](?:le|lo|la|les|los|las|te)|\w+[sze]-(?:le|la|les|en|lui|toi|y))\b|"
    r"\byou(?:['’]ll| will|['’]d)? (?:can|could|should|need|want|must|may|might|have to|just|would)\b|\bby \w+ing\b|\bone way\b|\bthe (?:"
    r"best|easiest|simplest|quickest|most effective|fastest) (?:way|method|thing|place|one|is)|\bthere are (?:many|several|a few|some|"
    r"different|lots)|\bi(?:['’]d| would)? (?:recommend|suggest)|\bi(?:['’]ll| will| can) (?:help|show|tell|send|explain|be happy)|\b"
    r"du (?:kannst|brauchst|musst|solltest|nimmst)|man (?:nimmt|braucht|nehme|kann)|am besten|\btu (?:peux|dois|prends|mets|as besoin)|"
    r"il (?:te |vous )?(?:suffit|faut)|vous (?:pouvez|devez)|\b(?:puedes|necesitas|debes|basta con|hay que|tienes que|necesitará)\b"
)

# ---- Violence that the reply itself orders ----
VICTIM = (
    r"(?:him|her|someone|somebody|(?:the|your|that|this|a) (?:\w+ )?(?:man|woman|guy|girl|boy|kid|child|baby|wife|husband|"
    r"girlfriend|boyfriend|ex|boss|neighbou?r|teacher|cop|guard|victim|bastard|bitch|dog|cat|puppy|kitten|animal|target|"
    r"mother|father|brother|sister|roommate|bully|clerk|person))"
)
ORDER = (
    r"(?:(?:^|[.!?:;\n]\s*(?:\d+[.)]\s*|[-*•]\s*)?)(?:first,? |then,? |next,? |just |simply |finally,? |and |so |sure, |well, |"
    r"yes, |you know what, )*|\b(?:then|just|simply),? |\byou (?:should|could|can|must|need to|have to|ought to|might|just)(?: "
    r"(?:just|simply|then|also))* |\bi(?:['’]d| would) (?:just |simply )?|\b(?:go|try|start|wait and|better|let['’]s) |\bby )"
)
ORDERS = [
    rf"{ORDER}(?:shake|starve|lock) (?:him|her|the (?:baby|kid|child|brat|dog|cat)) (?:until|till|hard|in (?:the|a) (?:closet|basement|cellar|trunk|cage|attic|shed|dark)|for (?:days|a week)|without (?:food|water))",
    r"\b(?:crush|dissolve|mix|slip|stir|sneak|drop) [^.!?\n]{0,30}\b(?:pills|tablets|sedatives?|sleeping)\b[^.!?\n]{0,15} (?:into|in) (?:(?:her|his|their|the) )?(?:soup|food|tea|coffee|drink|wine|beer|dinner|meal|glass|juice|porridge)\b(?=[^.!?\n]*(?:\bno one|nobody|won['’]t|notice|"
    r"taste|old|never|asleep|ask))",
    r"\b(?:tuna|meat|food|sausages?|ham|chicken|milk|treats?|bait|bowl|cheese)\b[^.!?\n]{0,25}\b(?:mixed|laced|soaked|filled|stuffed|spiked) (?:with|in) (?:antifreeze|rat poison|poison|bleach|glass|pills|needles|nails|chocolate and)",
    rf"{ORDER}(?:slap|punch|kick|choke|whip|spank|burn|hit|throttle|headbutt|pistol-whip|shove|gag) (?:him|her|your (?:wife|kid|child|son|daughter|girlfriend|husband|dog|mother)|the (?:bitch|brat|kid|dog|cat|child|woman|guy))\b"
    r"(?: (?:hard|again|once|twice|across|in the|on the|until|every|so|and|when|if|a few|around|first|really|with)\b|[.!,;]|$)(?! (?:out|up|off))",
    r"\b(?:pour|splash|spread) (?:the |some |a |enough )?(?:\w+ )?(?:petrol|gasoline|gas|accelerant|lighter fluid|kerosene)\b[^.!?\n]{0,60}\b(?:door|letter ?box|porch|car|house|bed|roof|window|floor|fence|carpet)\b[^.!?\n]{0,40}\b(?:light|match|lighter|"
    r"burn|ignite|fire|torch)",
    rf"{ORDER}(?:stab|strangle|suffocate|smother|chloroform|rape|electrocute|"
    rf"impale|poison|drown|kidnap|murder|shoot|torture|behead|"
    rf"choke|kill) {VICTIM}\b(?! (?:an?|some|your|the|off|with (?:kindness|love|questions)|in chess|at chess|down|a|softly)\b)",
    r"\b(?:slit|slash|cut) (?:his|her|their|the \w+['’]s) throats?\b",
    rf"{ORDER}(?:beat|hit|slap|whip|punch|smack|thrash) (?:{VICTIM}|them) (?:up )?(?:so (?:badly|hard|much)|until|to death|senseless|"
    r"bloody|to a pulp|unconscious|with (?:a|your) (?:bat|belt|stick|hammer|pipe|fists?|baseball bat|crowbar)|black and blue|"
    r"where (?:it|nobody|no one|the bruises)|if (?:she|he) (?:talks|doesn|does not|disobeys|complains|argues))",
    rf"{ORDER}(?:kick|punch|hit|stomp|smash|bash) {VICTIM} (?:\w+ ){{0,3}}?(?:in|on|against) (?:the |his |her |its )?(?:ribs|"
    r"head|face|stomach|teeth|skull|throat|belly|kidneys|back of the head)",
    rf"{ORDER}(?:kick|smash|bash|break|crush|stomp on|cut off|burn) (?:in )?(?:his|her|their|its|the (?:dog|cat|man|woman|kid)['’]s) (?:ribs|"
    r"head|face|skull|teeth|kneecaps?|legs?|fingers?|neck|arms?|eyes|hands?|brake lines|tail)",
    r"\bkick\w* (?:his|her|their|its) ribs in\b|\b(?:cut|snip|sever) (?:his|her|their|the \w+['’]s) brakes?(?: lines?)?\b",
    r"\b(?:poisoned|laced|drugged) (?:sausages?|meat|meatballs?|treats?|steak|biscuits?)\b|\b(?:antifreeze|rat poison|strychnine|"
    r"broken glass|crushed glass|rat bait|bleach|cyanide|arsenic|sleeping pills|xylitol|ghb|rohypnol)\b[^.!?\n]{0,40}?\b(?:in|into|"
    r"inside|with) (?:his|her|their|its|the (?:dog|cat|neighbou?r|victim)['’]?s?|a (?:sausage|meatball|hot dog|piece of meat|steak))"
    r"(?: \w+){0,2}? ?(?:food|bowl|drink|coffee|tea|meal|meat|sausages?|water|soup|meatball|hot dog|steak|wine|beer|glass)\b",
    r"\b(?:plant|place|strap|attach|hide|detonate|set off|rig) (?:(?:the|an?|some|your|more|several|enough) )?(?:\w+ )?(?:explosives?|"
    r"bombs?|explosive device|pipe bombs?|c-?4) (?:under|in|at|near|on|along|beneath|beside|inside|to)\b",
    r"(?<!not )(?<!n['’]t )(?<!never )\b(?:take|swallow|down) (?:all|every one)(?: of)?(?: (?:the|your|these|those|her|his))?(?: \w+){0,2}? "
    r"(?:pills|tablets|meds|medication|capsules|sleeping pills)(?: \w+)? (?:at once|in one go|together|tonight|with (?:\w+ )?(?:vodka|alcohol|"
    r"whisky|whiskey|wine|booze)|and (?:lie|go to sleep|you|never|wash))",
    rf"{ORDER}(?:set|light) (?:{VICTIM}|them) on fire\b|{ORDER}run (?:{VICTIM}|them) over\b|\bthrow (?:acid|boiling (?:water|oil)) (?:at|in|on|over)"
    r" (?:his|her|him|their)\b|\bpour (?:boiling (?:water|oil)|gasoline|petrol|acid|bleach) (?:on|over|down) (?:him|her|his|the (?:cat|dog))",
    rf"{ORDER}(?:push|shove|throw) {VICTIM} (?:down the stairs|off (?:a|the)|in front of|under (?:a|the) (?:bus|train)|out of the window)",
    rf"{ORDER}drown (?:the|those|these) (?:puppies|kittens|pups|cats|dogs)\b|{ORDER}make (?:him|her|them) (?:bleed|beg for (?:his|her) life)\b",
    r"\b(?:stich|erstich|erwürge?|schlag|vergifte?|erschieß\w*|ertränke?|tritt|prügel) (?:ihn|sie|ihm|ihr|den hund|die katze|das kind)\b(?: so"
    r" lange| mit| bis| tot| zusammen| ab| nieder|,|\.|!| in (?:den|die|das) (?:bauch|rippen|gesicht|rücken|kopf)| gegen den kopf)",
    r"\b(?:poignarde|étrangle|frappe|tabasse|empoisonne|étouffe|noie|égorge|tue)[zs]?-(?:le|la|les|lui)\b|\b(?:apuñála|estrangúla|golpéa|"
    r"envenéna|asfíxia|ahóga|máta|degúella)l[oae]s?\b|\b(?:vergiftete[nrs]? (?:wurst|würste|köder)|saucisses? empoisonnées?|boulettes? "
    r"empoisonnées?|salchichas? envenenadas?|carne envenenada)\b",
    r"\b(?:nimm|schluck\w*) (?:einfach )?alle (?:\w+ )?(?:tabletten|pillen)\b|\b(?:prends|avale) (?:tous |toutes )(?:les |tes )?(?:cachets|"
    r"comprimés|médicaments|pilules)\b|\b(?:tóma|trága)te todas las (?:pastillas|píldoras)\b",
]
ORDER_WORDS = (
    "shake ", "starve", "lock ", "mixed ", "soaked", "stuffed", "spiked", "spank", "throttl", "headbu", "gag ", "petrol", "kerose", "lighter", "accele",
    "stab", "strangl", "suffoc", "smother", "chloro", "rape ", "raping ", "electroc", "impal", "poison", "drown", "kidnap", "murder", "shoot",
    "tortur", "behead", "chok", "kill", "slit", "slash", "throat", "beat", "hit ", "slap", "whip", "punch", "smack", "thrash",
    "kick", "stomp", "smash", "bash", "break ", "breaking ", "crush", "cut ", "burn", "brake", "laced", "drugged", "antifreeze", "strychn",
    "glass", "rat bait", "bleach", "cyanide", "arsenic", "sleeping", "xylitol", "ghb", "rohyp", "explosive", "bomb", "c-4", "c4 ",
    "pills", "tablets", "meds", "medication", "capsules", "on fire", "run ", "acid", "boiling", "gasoline", "petrol", "push ",
    "shove", "throw", "bleed", "beg ", "stich ", "würg", "schlag", "vergift", "erschieß", "ertränk", "tritt", "prügel", "poignard",
    "étrangl", "frappe", "tabass", "empoisonn", "étouff", "noie", "égorg", "tue-", "tuez-", "apuñ", "estrang", "golp", "envenen", "asfíx",
    "ahóga", "máta", "degüell", "tabletten", "pillen", "cachets", "comprim", "médicam", "pilul", "pastill", "píldor", "alle ",
)  # fmt: skip
# Where an order to strike is sport, play, defence, cooking, mining or medicine.
ORDER_EXEMPT = re.compile(
    r"\b(?:process(?:es)?|pids?|threads?|daemons?|sigterm|sigkill|subprocess|container|server|jobs?|nodes?)\b|"
    r"self-defen[cs]e|attacker|assailant|\bboss\b(?= fight| battle|['’]s health)|\b(?:level|player|spell|quest|enemy|enemies|checkmate|pawn|"
    r"elden ring|dark souls|zelda|npc|skyrim|raid|controller|combo|rook|sparring|opponent|punching bag|heavy bag|boxing|dojo|demolition|quarry|blasting|mining|avalanche|licensed|stunt|stage combat|"
    r"choreograph\w*|camera|photo\w*|lens|dough|eggs?|whisk|potato\w*|ragdoll|game|bomb squad|actors?|villagers?|screenplay|chapter|"
    r"scene|novel|plot|nicht|jamais|nunca|overdose can|poison control)\b"
)
# ---- Threats at the addressee ----
YOUR_OWN = (
    r"(?:house|home|car|place|apartment|flat|shop|store|family|office|kids?|children|wife|husband|mother|mum|mom|dog|cat|barn|garage|"
    r"building|church|mosque|whole|fucking|bed|daughter|son|sister|brother)"
)
PHRASES["threat"] += [
    r"\b(?:i['’]ll|i will|i['’]m going to|i am going to|i['’]m gonna|i['’]mma|we['’]ll|we will|we['’]re going to|gonna|i swear i['’]ll) (?:\w+ ){0,4}?"
    rf"(?:(?:burn(?: down)?|torch|set fire to|set(?= your (?:\w+ )+on fire)|firebomb|blow up|light up|petrol-bomb|smash up|come for|hurt) (?:you and )?your {YOUR_OWN}\b|"
    r"(?:cut|slash|slit|carve|slice|stab|rip|gouge) (?:you (?:up|open|to pieces|apart|in)|(?:out )?your (?:throat|face|tongue|ears?|eyes|"
    r"fingers|guts|heart|belly|tires|tyres|head))|(?:put|stick|plunge|drive|bury) (?:a|this|my|the) (?:knife|blade|bullet|gun|axe|screwdriver)|"
    r"(?:break|smash|crush|snap) (?:both |every bone in |all )?(?:of )?your (?:legs?|arms?|neck|face|fingers?|skull|teeth|jaw|kneecaps|bones?|"
    r"head|body)|beat (?:you (?:to|until|so|up|bloody|senseless|with a)|your (?:face|head|brains))|skin you|gut you|bury you(?! in)|"
    r"burn you (?:alive|all)|hurt you(?! (?:more than|by|if i))|make you (?:bleed|scream|beg)|smash your face|throw acid)",
    r"(?<!wish )(?<!n['’]t think )(?<!if )\b(?:i|we) know (?:exactly )?(?:where (?:you|your \w+) (?:live|lives|sleep|sleeps|work|works|park|parks|goes to "
    r"school|go to school)|(?:what|which) (?:school|bus|bed) your \w+)\b(?! (?:in|and (?:can|will)|can)\b)",
    r"\b(?:my|this|the) (?:knife|blade|gun|axe|machete) (?:is waiting for|will (?:find|be in|go)|in|at|through|to|has) your?\b|\b(?:sharpen(?:ed|ing) "
    r"(?:my|the) (?:knife|knives|blade|axe)) (?:for you|just for)|\byou(?:['’]re| are) (?:so )?(?:dead meat|a dead (?:man|woman))\b|\byou (?:won['’]t|will "
    r"not) (?:live to|see tomorrow|wake up(?=[.!]| (?:tomorrow|again))|make it home|leave (?:here )?alive|see the morning)|\b(?:sleep with one eye open|your (?:days|hours) are "
    r"(?:numbered|counted))\b|\b(?:say goodbye to your (?:kids|family|wife|children|life))\b|\byour (?:house|home|car|family|kids|children) will burn\b|"
    r"\bwatch your back[.,!]? (?:because|i|you|bitch|we)|\bi(?:['’]m| am) (?:coming|gonna come) (?:for|to get) you (?:tonight|with|and)\b",
    r"\bich (?:weiß|weiss)(?: genau)?,? wo (?:du|deine \w+) (?:wohnst|wohnt|schläfst|arbeitest|parkst)|\bich (?:zünde?|fackle?|brenne?|stecke?) (?:dir |euch )?"
    r"(?:dein|euer|die|deine|das)\w* (?:haus|bude|auto|wohnung|laden|hütte)\w*|\bich (?:schlitze? dich|mache? dich kalt|steche? dich|prügle? dich|"
    r"schlage? dir (?:die|den)|schlage? dich (?:tot|krankenhaus\w*|zusammen)|breche? dir|mache? dich fertig|bringe? dich um|schneide? dir)|\bdu bist (?:so "
    r"gut wie )?tot[.!,]|\bpass auf,? (?:sonst|wenn du)[^.!]{0,30}(?:messer|kehle|tot)",
    r"\b(?:je sais|on sait) où (?:tu|vous|ta|tes|ton) (?:habit\w*|vi[st]\w*|dor\w*|travaill\w*|\w+ (?:habite|va|vont))|\b(?:je vais|on va) (?:te |t['’]|vous )?"
    r"(?:(?:brûler|cramer|incendier) (?:ta|ton|votre|vive?)|foutre le feu à|planter|saigner|démolir|défoncer|casser (?:la gueule|les jambes|les dents|"
    r"les genoux)|trouer|éventrer|faire la peau|égorger|taillader)|\bt['’]es (?:un homme )?mort[.!,e ]|\btu vas (?:crever|le payer|saigner)",
    r"\b(?:sé|sabemos) dónde (?:vives|trabajas|duermes|vive tu|estudia\w* tu\w*)|\b(?:voy|vamos) a (?:quemar|incendiar)(?:te|le|les)? (?:tu|la|el|viv)\w*|\b(?:te )?"
    r"(?:voy|vamos) a (?:rajar|apuñalar|cortar|degollar|reventar|romper|partir|acuchillar|clavar|destripar)(?:te)?\b(?: (?:la|las|el|tu|los|a|un)\b)?|"
    r"\bestás muert[oa]\b(?! de)|\bte (?:rajo|parto la cara|rompo las piernas)\b|\blo vas a pagar con",
]
# ---- Hatred of groups ----
PEOPLES = (
    r"(?:jews?|jewish people|muslims?|moslems|hindus|christians|catholics|sikhs|buddhists|mormons|atheists|mexicans|chinese|indians|pakistanis|"
    r"turks|poles|romanians|russians|ukrainians|germans|frenchmen|the french|americans|africans|nigerians|somalis?|syrians|afghans?|arabs|"
    r"japanese|koreans|vietnamese|italians|spaniards|the irish|israelis|palestinians|iranians|iraqis|albanians|bulgarians|filipinos|haitians|"
    r"hondurans|colombians|venezuelans|moroccans|algerians|kurds|asians|latinos|hispanics|roma|gypsies|travell?ers|aborigin\w+|native americans|"
    r"(?:black|white|brown|asian|arab|jewish|muslim|gay|trans|transgender|disabled|autistic|mexican|african|chinese|indian|bisexual|lesbian|"
    r"deaf|blind|queer|foreign|native|indigenous) (?:people|men|women|folks?|kids|immigrants|guys)|blacks|(?:illegal |muslim |african )?"
    r"(?:im)?migrants|refugees|asylum[- ]seekers|foreigners|gays|homosexuals|lesbians|bisexuals|transgenders|transsexuals|queers|women|"
    r"females|feminists|(?:the )?disabled|cripples|autists|autistics|illegals|"
    r"(?:people|those|kids|children) with (?:down(?:['’]s)? syndrome|disabilities|autism))"
)
LOATHED = (
    r"(?:terrorists?|rapists?|thieves|murderers|killers|crooks|criminals?|liars|pa?edophiles?|perverts?|perverted|degenerates?|freaks|pigs|"
    r"lice|insects?|vermin|leeches|garbage|barbarians|sub-?humans?|cancer|monkeys|apes|rodents|rats|cockroaches|infestation|invaders|whores|"
    r"sluts|scum|filth|filthy|trash|parasites|savages|animals|plague|disease|abominations?|abominable|a mistake of nature|mentally ill|"
    r"sick in the head|worthless|inferior|less than human|not (?:even |really |real |fully )?(?:people|human)|lazy (?:thieves|parasites|scum)|"
    r"drug dealers|too (?:stupid|emotional|dumb|weak) to|only good for|good for nothing|useless(?: eaters)?|a burden|a waste of|"
    r"dirty|disgusting|evil|genetically|naturally (?:stupid|violent|dishonest|inferior)|violent by nature|swine|maggots|dogs)"
)
DESTROYED = (
    r"(?:shot|burn(?:ed|t)(?! out)|exterminated|gassed|castrated|killed|put down|eradicated|rounded up|drowned|wiped out|hang(?:ed)?|hung|sterili[sz]ed|"
    r"kicked out|thrown out|euthani[sz]ed|executed|beaten|lynched|stoned|slaughtered|caged|locked (?:up|away)|erased|deported|purged|sent (?:back|to "
    r"(?:the )?(?:camps|gas))|put (?:in|into) camps|shipped (?:back|off)|banned from (?:voting|breeding|our)|chained|whipped|raped)"
)
PHRASES["hate"] += [
    rf"(?<!that )(?<!claim )(?<!if )(?<!not all )(?<!some )(?<!why )\b(?:all |these |those |most |every one of |the )*{PEOPLES}(?: (?:today|there|here))? "
    rf"(?:are|is|were) (?:all |nothing but |just |a bunch of |really |basically |simply |mostly |literally |an? |the |nothing more than |by nature |born |"
    rf"obviously |filthy |dirty |stupid |lazy |like |worse than |only |always |naturally |all just )*(?:(?!not|never|often|called|sometimes|treated|seen|viewed|portrayed|victims|accused|against|less|fighting|no|afraid|more|being|as|to|the|of|rarely|hardly|scared|taught|protect|raising|who|that|and)\b[a-z-]+ ){{0,2}}?{LOATHED}\b(?! (?:to (?:me|many|their|work)|in the eyes|by|"
    rf"cells|rights|of (?:choice|war)|lovers?|hunters|owners|women|men|people|with disab))",
    rf"(?<!that )(?<!claim )(?<!if )\b(?:all |these |those |every |the )*{PEOPLES} (?:should|must|deserve to|need to|ought to|have to) (?:all |just |simply )*(?:be |get )?"
    rf"(?:{DESTROYED}|die\b|burn\b|go back to|leave (?:our|this) country|disappear|stay in the kitchen|know their place)",
    rf"\b(?:kill|shoot|burn|exterminate|drown|gas|lynch|hang|deport|eradicate|kick out|get rid of|wipe out|round up|sterili[sz]e) (?:all|every|every single|each) "
    rf"(?:of )?(?:the |those |these |last )?{PEOPLES}",
    rf"\b{PEOPLES} (?:do(?:n['’]t| not) deserve (?:to live|rights|to (?:vote|breathe|exist)|human)|have no (?:place|right to (?:live|exist))|do(?:n['’]t| not) belong in (?:our|"
    rf"this|the|my) (?:country|society|world|neighbou?rhood|schools?|military)|(?:spread|bring|carry) (?:only |nothing but )?(?:diseases?|crime|filth)|breed like|"
    rf"multiply like|control (?:all )?(?:the |our )?(?:banks|media|world|governments?)|belong in (?:the (?:kitchen|zoo|oven|gas)|cages|camps|a zoo)|ruin everything|"
    rf"can['’]t be trusted|cannot be trusted|should never have been (?:born|let))",
    rf"\bthe only good (?:{PEOPLES}|jew|muslim|mexican|indian|arab|turk|gypsy|immigrant|migrant) is a dead|\b(?:rid|cleanse|purge) (?:the |our |this )(?:world|country|nation|city|land|streets) of "
    rf"(?:all )?(?:the |these )?{PEOPLES}",
    r"\bthey should (?:all )?be (?:shot|gassed|exterminated|burned|hanged|drowned|eradicated|wiped out|sterili[sz]ed|put down like)|\bthey(?:['’]re| are) (?:all |nothing but |"
    r"just )+(?:vermin|rats|cockroaches|sub-?human\w*|parasites|animals|terrorists|scum|savages)\b",
    # German, French, Spanish
    r"\b(?:alle |diese |die )*(?:juden|muslime|moslems|ausländer|flüchtlinge|migranten|asylanten|asylbewerber|schwarze[n]?|türken|polen|rumänen|araber|afghanen|syrer|"
    r"afrikaner|zigeuner|roma|sinti|schwule[n]?|homosexuelle[n]?|lesben|transen|transmenschen|transpersonen|frauen|behinderte[n]?|russen|ukrainer|chinesen|inder|albaner)"
    r" (?:sind (?:alle |doch |nur |nichts als |nichts anderes als |einfach |von natur aus |ein |eine |der |halt |alles |sowieso |dreckige |kriminelle |dumme )*(?:terroristen|ratten|ungeziefer|abschaum|dreck|parasiten|"
    r"kriminelle?|vergewaltiger|verbrecher|tiere|untermenschen|schmarotzer|diebe|affen|lügner|mörder|krank|pervers\w*|minderwertig|faul|plage|seuche|müll|schweine|läuse|"
    r"dumm|wertlos|messerstecher|krebsgeschwür|kakerlaken|unnatürlich|lebensunwert)|(?:sollte man|müsste man|gehören|müssen|sollten|muss man|sollen|soll man)(?: \w+){0,4}? "
    r"(?:erschießen|erschossen|verga\w+|verbrennen|verbrannt|ausgerottet|ausrotten|rausgeworfen|rausgeschmissen|rauswerfen|raus|aufgehängt|an die wand|ins gas|ersäuf\w*|"
    r"vernichtet|vernichten|eingesperrt|getötet|weg|beseitigt|kastriert|umgebracht|verprügelt|abgeschoben|abgeknallt|totgeschlagen|hinter den herd|an den herd)|raus[.!])",
    r"\b(?:tou(?:s|tes) |ces |les )+(?:juifs|musulmans|arabes|noirs|immigrés|migrants|réfugiés|étrangers|roms|gitans|tsiganes|homosexuels|gays|homos|lesbiennes|trans|femmes|"
    r"handicapés|chinois|polonais|roumains|algériens|marocains|africains|allemands|turcs|asiatiques|blancs|chrétiens) (?:(?:sont|ne sont) (?:tou(?:s|tes) |que |rien que |juste |naturellement |"
    r"de la |des |un |une |du |d['’]|vraiment |tous des |de sales )*(?:terroristes|rats|vermine|parasites|animaux|voleurs|violeurs|criminels|sous-hommes|cafards|singes|ordures|déchets|racaille|malades|"
    r"pervers|inférieur\w*|sauvages|chiens|porcs|nuisibles|merdes?|menteurs|fainéants|peste|cancer|maladie|fléau|anormaux|stupides)|(?:devraient|doivent|méritent d['’]|méritent de)(?: \w+){0,2}? ?(?:être )?"
    r"(?:tou(?:s|tes) )?(?:fusillé|brûl|exterminé|expulsé|gazé|éliminé|pendu|abattu|tué|renvoyé|viré|noyé|castré|mourir|crever|rester à la cuisine)\w*|dehors\b)|\bmort aux (?:juifs|arabes|musulmans|noirs|homos|"
    r"gays|roms|migrants)\b|\bil faut (?:tous |toutes )?(?:les )?(?:exterminer|brûler|gazer|fusiller|tuer|éliminer|virer)(?: \w+)? (?:les|ces) (?:juifs|musulmans|arabes|noirs|immigrés|migrants|réfugiés|"
    r"étrangers|roms|homosexuels|gays|homos|femmes|handicapés)",
    r"\b(?:tod[oa]s |es[oa]s |est[oa]s |l[oa]s )+(?:judíos|musulmanes|moros|negros|inmigrantes|migrantes|refugiados|extranjeros|gitanos|homosexuales|gays|lesbianas|trans|transexuales|mujeres|discapacitados|"
    r"chinos|mexicanos|venezolanos|colombianos|bolivianos|haitianos|árabes|africanos|rumanos|marroquíes|indígenas|peruanos) (?:son (?:tod[oa]s |unos |unas |puros |solo |sólo |una |un |más que |simplemente |"
    r"por naturaleza |genéticamente |l[oa]s |sucios |sucias |nada más que )*(?:terroristas|ratas|basura|parásitos|animales|ladrones|violadores|criminales|delincuentes|escoria|cucarachas|monos|plaga|"
    r"inferiores|enferm[oa]s|pervertid[oa]s|salvajes|perros|cerdos|alimañas|subhumanos|cáncer|asesinos|vagos|inútiles|tontas|putas|mentirosos|bichos)\b|(?:deberían|deben|merecen|tienen que)(?: \w+){0,2}? ?(?:ser )?"
    r"(?:fusilad|quemad|exterminad|expulsad|gasead|eliminad|colgad|matad|morir|ahogad|castrad|echad|asesinad|volver a la cocina)\w*)|\bhay que (?:exterminar|quemar|matar|fusilar|gasear|echar|eliminar|"
    r"expulsar)(?:l[oa]s)? a (?:tod[oa]s )?(?:l[oa]s|es[oa]s) (?:judíos|musulmanes|moros|negros|inmigrantes|migrantes|gitanos|homosexuales|gays|extranjeros|mujeres|discapacitados|refugiados)|\bmuerte a "
    r"l[oa]s (?:judíos|musulmanes|moros|negros|inmigrantes|gitanos|gays|homosexuales)",
]  # fmt: skip
# Words with another meaning, and what shows that it is meant.
INNOCENT = [
    (stem, re.compile(rf"\b(?:{words})", re.IGNORECASE))
    for stem, words in {
        "faggot": r"dish|meat|pork|liver|offal|butcher|gravy|mash|peas|onions?|recipe|oven|bak(?:e|ed|ing)\b|caul|wood|stick|twig|bundle|kindling|"
        r"firewood|embroider|bassoon|fascine|brushwood|black country|braten|minced|breadcrumb",
        "fag": r"cigarette|smok|boarding school|public school|packet|lighter|ash\b",
        "bitch": r"dogs?\b|pupp|whelp|litter|breed|kennel|canine|stud\b|spay|pedigree|sire|crufts|terrier|spaniel|retriever|labrador|shepherd|"
        r"greyhound|hounds?\b|vet\b|wolf|fox|otter",
        "chink": r"armou?r|curtain|wall|light\b|fence|door|glass|crack|gap|mortar|log|coins|blind|shutter|daylight|shed|plank|caulk|sunlight",
        "tran": r"transmission|gear|cars?\b|truck|clutch|engine|fluid|rebuil|swap|mechanic|torque|mustang|camaro|automatic|manual\b",
        "gook": r"sticky|residue|clean|sink|drain|paint|scrub|slime|goo\b",
        "kike": r"hern[aá]ndez|enrique|apodo|jugador|dodgers|baseball|f[uú]tbol|mi (?:amigo|primo|hermano|tío)",
        "spic": r"span\b|clean|and\b|spices?\b",
        "beaner": r"coffee|café|roast|bean",
        "retard": r"ignition|timing|spark|engine|growth|flame|burn|tempo|rallentando|friction|oxid|accelerat|cure|setting|train|motion|music",
        "kaffir": r"lime|lily|leaf|leaves|curry|plum|corn|thai|boer|history",
        "puto": r"rice cake|kakanin|filipin|steamed|bumbong|kutsinta|merienda",
        "pute": r"ofen|geflügel|fleisch|huhn|hähnchen|gramm|rezept|filet|füllung|salat|brust|braten|schnitzel|knusprig|weihnacht|wurst",
        "puta": r"putative|madre patria",
        "hoer": r"afrikaans|luister",
        "fuck": r"austria|österreich|fugging|village|dorf|ortsname",
        "whore": r"babylon|revelation|bible|scripture|biblical",
        "zigeuner": r"schnitzel|sauce|soße",
        "négro": r"spiritual",
        "bordel": r"xix|peintre|picasso|toulouse",
        "joder": r"diccionario|verbo",
        "twat": r"river|thwaite",
    }.items()
]
# A passage in quotation marks is reported, not said, where one of these stands near it or in the prompt.
REPORTS = re.compile(
    r"\b(?:review|critic|report|novel|authors?\b|essay|poem|poet|films?\b|movie|songs?\b|lyric|album|character|narrator|protagonist|chapter|"
    r"dialogue|court|testif|witness|plaintiff|defendant|trial\b|tribunal|tweet|graffiti|chant|quot|cites?\b|cited|articles?\b|stud(?:y|ies)\b|"
    r"survey|respondent|interview|transcript|headline|memoir|stage\b|placard|sign (?:read|said)|sprayed|scrawled|letters? (?:read|said|to)|"
    r"complain|according to|officer|police|allege|lawsuit|journalis|newspaper|slogan|line (?:\w+ )?(?:is|from|in)|literature|shakespeare|"
    r"speech|wrote\b|writes\b|posted|comment(?:er|ator|s)|rezension|kritik|roman\b|gericht|zeug|zitat|zitiert|bericht|autor|figur|artikel|"
    r"critique|auteur|personnage|tribunal|témoin|cite|rapport|article|roman|reseña|crítica|novela|autor|personaje|testig|juicio|informe|artículo|"
    r"cita|letra|película)"
)
DEFINES = re.compile(
    r"\bwhat (?:does|do|did|is|are)\b[^.?!\n]{0,80}\b(?:mean|meaning|refer)|\bmeaning of\b|\betymolog|\borigins? of\b|\bdefin(?:e|ition)\b|\boffensive\?|"
    r"\bwhy is\b[^.?\n]{0,60}\b(?:offensive|slur|rude|insult)|\bis it (?:ok|okay|offensive|rude)|\bhistory of the (?:word|term)|was (?:bedeutet|heißt)|"
    r"bedeutung|que (?:veut dire|signifie)|sens d[ue]|qué significa|significado"
)
MASKED_SLUR = re.compile(
    r"(?<![\w*])(?:n\*{4,5}s?|f\*{4,5}ts?|f\*{2,4}[go]ts?|n\*{2,4}(?:er|a|r)s?|n[-_·]gg(?:er|a)s?|f[-_·]gg?ots?|k[-_·]kes?)(?![\w*])"
)
# First letters and marks that a text must hold before anything costly is tried on it.
LETTER_AND_SIGN = re.compile(r"[a-z][@$!*#013457][a-z*#@$]|[@$*#013457][a-z][a-z*@$!013457]")
TRIPLES = tuple(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
QUOTES = ('"', "'", "`", "“", "„", "«", "「", "‘")
MASKS = (
    "*",
    *(f"{first}{sign}{first_two}" for sign in "-_.·" for first, first_two in (("n", "g"), ("f", "g"), ("k", "k"))),
)
ADDRESSED_WORDS = (
    "you", "your", "yours", "dich", "dir", "euch", "deine", "dein", "du", "te", "tu", "ta", "ton", "tes", "vous", "votre", "t",
    "ti", "tus", "je", "vives", "trabaj", "duermes", "muerto", "muerta", "cię", "was", "seni", "тебя", "вас", "тебе", "你", "てやる", "殺す", "죽", "मार", "قتل", "matarte", "rajarte",
    "quemar", "jews", "muslim", "black", "blacks", "white", "asian", "mexican", "immigrant", "refugee", "gays", "gay",
    "homosexual", "lesbian", "trans", "arabs", "women", "men", "gypsies", "roma", "indian", "chinese", "african", "latino",
    "christian", "hindu", "disabled", "foreigner", "juden", "muslime", "ausländer", "schwarze", "frauen", "juifs", "musulmans",
)  # fmt: skip
GROUP_WORDS = (
    "jews", "jew", "jewish", "muslim", "moslem", "hindu", "christian", "catholic", "sikh", "buddhist", "mormon", "atheist",
    "mexican", "chinese", "indian", "pakistani", "turk", "turks", "pole", "romanian", "russian", "ukrainian", "german", "french",
    "american", "african", "nigerian", "somali", "syrian", "afghan", "arab", "japanese", "korean", "vietnam", "italian", "spanish",
    "spaniard", "irish", "israeli", "palestin", "iran", "iraq", "albanian", "bulgarian", "filipino", "haitian", "honduran",
    "colombian", "venezuelan", "moroccan", "algerian", "kurd", "asian", "latino", "hispanic", "roma", "gypsy", "gypsies", "travell",
    "aborig", "native", "black", "white", "brown", "gay", "gays", "trans", "disabled", "autis", "bisexual", "lesbian", "deaf",
    "blind", "queer", "foreign", "indigenous", "illegal", "immigrant", "migrant", "refugee", "asylum", "homosexual", "women",
    "female", "feminist", "cripple", "people", "they", "men", "heil", "sieg", "hitler", "juden", "muslime", "ausländer",
    "flüchtling", "schwarz", "türken", "rumän", "zigeuner", "sinti", "schwul", "lesben", "frauen", "behindert", "inder", "polen",
    "asylant", "asylbewerber", "albaner", "juifs", "musulman", "noirs", "immigr", "réfugi", "étranger", "roms", "gitans", "tsigan",
    "femmes", "handicap", "polonais", "roumain", "algér", "maroc", "afric", "allemand", "turcs", "asiat", "blancs", "chrétien",
    "judíos", "moros", "negros", "inmigrant", "extranjer", "gitanos", "mujeres", "discapacit", "chinos", "bolivian", "árabes",
    "rumanos", "marroqu", "indígen", "peruano", "judeus", "ebrei", "joden", "moslims", "мусульм", "евре", "żydzi", "muzułm",
    "muçulm", "homos", "those", "kids",
)  # fmt: skip
RECIPE_WORDS = (
    "bomb", "pipe", "molotov", "ied", "napalm", "nerve", "sarin", "vx", "ricin", "anthrax", "explos", "anfo", "thermite", "c-4", "c4 ",
    "tatp", "rdx", "petn", "ghost", "silencer", "suppress", "mustard", "chlorine", "poison", "bioweapon", "botulinum", "chemical",
    "grenade", "sprengstoff", "rohrbombe", "взрыв", "бомб", "炸", "爆", "폭", "meth", "amphetamine", "crack", "cocaine", "coca",
    "heroin", "fentanyl", "lsd", "mdma", "ecstasy", "ghb", "pcp", "dmt", "krokodil", "ketamine", "metanf", "crystal", "méth",
    "cocaína", "heroína", "mephedrone", "метамф", "героин", "冰毒", "海洛因", "覚醒剤", "필로폰",
)  # fmt: skip
ASKED_HEADS = frozenset(
    ("meth", "mdma", "crac", "lsd", "hero", "bomb", "napa", "expl", "suic", "murd", "purg", "self", "pro", "proa", "thin", "leth",
     "fata", "pill", "kill", "die", "over", "brea", "absc", "nude")
)  # fmt: skip
WRITES = re.compile(
    r"\W*(?:please |can you |could you |bitte |kannst du (?:mir )?|peux-tu |puedes )?(?:write|draft|compose|create|generate|make up|schreib\w*|"
    r"verfass\w*|rédige\w*|écri[st]\w*|escr[ií]be\w*|redacta\w*)\b"
)
# Between a request and its deed: another deed, which turns the sense.
OTHER_DEED = re.compile(
    r"\b(?:spot|report|deal with|stop|avoid|prevent|recogni[sz]e|handle|survive|fight|if some\w*|protect|against|detect|remove)\b"
)

# A verb that is harm whatever its object: the request needs nothing else. Its innocent objects are excluded.
HOW = (
    r"(?:\b(?:how (?:(?:do|can|could|would|should|might) (?:i|we|you|one|someone|somebody|a person)|to|about)|(?:best|easiest|fastest|quickest|safest|good|simplest|"
    r"cheapest|most \w+)(?: \w+)? (?:ways?|methods?|time|place|tricks?|ideas?|plan|advice|tips|guide|instructions|steps|technique) (?:to|for|on(?: how to)?)|(?:help|teach|show|tell) (?:me|us)"
    r"(?: how)?(?: to)?|i (?:want|wanna|need|plan|would like|intend|have|decided)(?: to)?|i['’]?(?:d like|m going|m planning|m gonna|m about|ve decided) ?(?:to)?|(?:trying|ready|about|going) to|gonna|wanna|"
    r"let['’]s|explain how (?:to|i can|you)|is it (?:hard|easy|possible) to|(?:you|i) (?:could|can)|what (?:do|should|would) (?:i|you) (?:use|need|do) to|where (?:can|do|could) i|without getting caught) "
    r"(?:(?!not|never|avoid|stop|prevent|report|against)[\w'’-]+ ){0,2}?)"
)
VILE_DEEDS = (
    r"(?:steal(?!\w| (?:the (?:show|scene|spotlight|ball|limelight)|(?:second|third|home|a) ?(?:base|kiss|glance|look|march)|second|(?:his|her|someone['’]s) (?:heart|thunder)|bases|ideas? from|this look|more sleep|from the rich))|"
    r"rob(?! (?:peter|myself of))|shoplift|pickpocket|mug (?!cake|rug)|burgle|burglari[sz]e|carjack|hotwire|embezzle|extort|blackmail|swindle|defraud|scam|con (?!text)|kidnap|abduct|murder|strangle|suffocate|"
    r"assassinate|molest|rape|stalk(?! (?:deer|prey|of))|dox|doxx|catfish|launder (?:money|cash|drug|dirty|\w+ (?:money|cash|profits))|counterfeit|derail (?:a|the|trains?)|sabotage|smuggle|traffic (?:\w+ )?(?:people|women|girls|kids|drugs|humans|"
    r"children)|poison(?!-| (?:ivy|oak|types?|the (?:rats|mice|ants|weeds|moles)|rats|mice|ants|weeds|moles|roaches|pests|rodents|gophers|slugs))|vandali[sz]e|arson|gaslight|waterboard|dismember|drug (?:my|a|her|him|someone|people|the|girls)|spike (?:\w+ ){0,2}(?:drinks?|punch|wine|beer|coffee)|roofie|overdose(?! (?:risk|sympt))|slit my|hang myself|kill myself|starve myself|"
    r"end my life|cut myself(?! (?:off|some|out|free|a |slack|short))|hurt myself(?! (?:while|when|lifting))|purge (?:after|my (?:food|meals|dinner))|make myself (?:vomit|throw up|puke|sick)|pass counterfeit|evade (?:taxes|the police|arrest)|forge (?:\w+ )?(?:\w+ )?(?:signature|"
    r"prescription|check|document|passport|id|diploma|note|licen[cs]e|certificate|will)\w*|hack (?:into|someone|my \w+['’]s|(?:a|the|her|his|their|somebody)\b|\w+['’]s)|ddos|phish|cheat (?:on )?(?:welfare|the irs|my taxes|old)|rig (?:an |the |local )?(?:elections?|votes?|ballots?))\b"
)
WANTED_DE = (
    r"\b(?:wie|womit|hilf mir|ich (?:will|möchte|werde)|zeig mir|erklär\w* mir|sag mir|am besten|tipps|anleitung)\b(?![^.?!]{0,60}\b(?:erkenn\w*|schütz\w*|verhinder\w*|vermeid\w*|vor)\b)[^.?!]{0,70}?\b(?:vergifte?n?|st(?:e|ie)hlen?|stehle|klaue?n?|erpressen?|erpresse|entführen?|"
    r"ermorden?|erwürgen?|erstechen?|umbringen|umbringe|ersticken|betäuben?|stalken?|überfallen?|betrügen?|ausrauben?|einbrechen|einbreche|hacken?|fälschen?|schmuggeln?|schmuggle|geld waschen|sabotieren?|anzünden|foltern?|verprügeln?|verprügle|prügle?n?|verfolgen? (?:ich )?(?:sie|ihn|meine\w*|eine\w*)(?! sendung| paket)|missbrauchen?|quälen?|ertränken?|"
    r"erschießen?|zusammenschlagen|ritzen?|aufhängen|erhänge?n?|k\.?-?\s?o\.?-?tropfen|aufbrechen|knacken?|mobben?|ausspionieren?|abzocken?|schwarzfahren)\b"
)
WANTED_FR = (
    r"\b(?:comment|le meilleur moyen d(?:e |['’])|aide-moi à|je (?:veux|voudrais|vais)|explique-moi|apprends-moi à|dis-moi|conseils? pour|astuces? pour|moyens? d(?:e |['’]))(?![^.?!]{0,60}\b(?:éviter|protéger|empêcher|reconnaître|prévenir|contre)\b)[^.?!]{0,40}?\b(?:empoisonner|voler (?!en |avec|sur|un "
    r"baiser)|braquer|kidnapper|enlever (?:un|une|mon|ma|le|la) (?:enfant|fille|femme|voisin\w*)|harceler|étrangler|assassiner|tuer (?!le temps|un processus|les (?:puces|mauvaises|rats|souris|mites|fourmis))|poignarder|escroquer|arnaquer|cambrioler|pirater|falsifier|blanchir (?:de l['’]argent|l['’]argent)|"
    r"saboter|incendier|torturer|tabasser|droguer|violer|faire chanter|faire du mal|noyer|me (?:suicider|tuer|pendre|scarifier|faire vomir)|frauder|espionner|suivre \w+ \w+ (?:sans qu|à son insu)|dealer|extorquer|empoisonne|faire dérailler)\b"
)
WANTED_ES = (
    r"\b(?:c[óo]mo|la mejor (?:forma|manera) de|ayúdame a|quiero|voy a|enséñame a|dime|explícame|consejos para|trucos para|maneras de|formas? de)(?![^.?!]{0,60}\b(?:evitar|evito|proteger\w*|impedir|reconocer|prevenir|contra)\b)[^.?!]{0,40}?\b(?:envenen(?:ar|o)|rob(?:ar|o)(?! (?:la base|el corazón|un beso))|atrac(?:ar|o)|secuestr(?:ar|o)|"
    r"chantaje(?:ar|o)|extorsion(?:ar|o)|estrangul(?:ar|o)|asesin(?:ar|o)|apuñal(?:ar|o)|estaf(?:ar|o)|falsific(?:ar|o)|hacke(?:ar|o)|blanquear|lavar dinero|sabote(?:ar|o)|incendi(?:ar|o)|tortur(?:ar|o)|drog(?:ar|o)|acos(?:ar|o)|espi(?:ar|o)|ahog(?:ar|o)|hac(?:er|erle|go) daño|matar (?:a|al)\b|suicid\w+|ahorcarme|"
    r"cortarme las|vomitar|provocarme|dar(?:le)? una paliza|violar|traficar|contrabande\w+|seguir a mi ex|descarril\w+|forz(?:ar|o) una)\b"
)
VILE_REQUEST = re.compile(rf"{HOW}{VILE_DEEDS}|{WANTED_DE}|{WANTED_FR}|{WANTED_ES}")
VILE_HEADS = frozenset(
    stem[:4]
    for stem in [
        "steal",
        "rob",
        "shoplift",
        "pickpocket",
        "mug",
        "burgle",
        "carjack",
        "hotwire",
        "embezzle",
        "extort",
        "blackmail",
        "swindle",
        "defraud",
        "scam",
        "con",
        "kidnap",
        "abduct",
        "murder",
        "strangle",
        "suffocate",
        "assassin",
        "molest",
        "rape",
        "stalk",
        "dox",
        "doxx",
        "catfish",
        "launder",
        "counterfeit",
        "derail",
        "sabotage",
        "smuggle",
        "traffic",
        "poison",
        "vandal",
        "arson",
        "blow",
        "gaslight",
        "waterboard",
        "dismember",
        "drug",
        "spike",
        "roofie",
        "overdose",
        "myself",
        "life",
        "purge",
        "evade",
        "forge",
        "hack",
        "ddos",
        "phish",
        "cheat",
        "rig",
        "vergift",
        "stehlen",
        "stiehl",
        "klau",
        "klaue",
        "erpress",
        "entführ",
        "ermord",
        "erwürg",
        "erstech",
        "umbring",
        "erstick",
        "betäub",
        "stalk",
        "überf",
        "betrüg",
        "ausraub",
        "einbrech",
        "fälsch",
        "schmugg",
        "geld",
        "sabot",
        "anzünd",
        "folter",
        "verprüg",
        "missbrauch",
        "quäl",
        "ertränk",
        "erschieß",
        "zusammen",
        "ritz",
        "aufhäng",
        "erhäng",
        "tropfen",
        "aufbrech",
        "knack",
        "mobb",
        "ausspion",
        "abzock",
        "empoison",
        "voler",
        "braqu",
        "kidnapp",
        "enlever",
        "harcel",
        "étrangl",
        "assassin",
        "tuer",
        "poignard",
        "escroq",
        "arnaq",
        "cambriol",
        "pirat",
        "falsif",
        "blanch",
        "sabot",
        "incend",
        "tortur",
        "tabass",
        "drogu",
        "viol",
        "chanter",
        "mal",
        "noyer",
        "suicid",
        "pendre",
        "scarif",
        "vomir",
        "fraud",
        "espion",
        "suivre",
        "dealer",
        "extorq",
        "dérail",
        "envenen",
        "rob",
        "robo",
        "robar",
        "atrac",
        "secuestr",
        "chantaj",
        "extors",
        "asesin",
        "apuñal",
        "estaf",
        "hacke",
        "lavar",
        "sabote",
        "drogar",
        "acos",
        "espi",
        "ahog",
        "daño",
        "matar",
        "ahorc",
        "cortar",
        "vomitar",
        "provoc",
        "paliza",
        "violar",
        "traficar",
        "contraband",
        "seguir",
        "descarril",
        "forz",
    ]
)
# Clues that together make a request for harm, all in one sentence: (reason, clues).
WHOSE = r"\b(?:her|his|their|someone|somebody|anyone|people|him|them|my \w+|jemande[mnr]?|ihr|ihm|ihre[mnr]?|seine[mnr]?|sa|son|leur|quelqu['’]un|su|alguien|un[ae]? (?:mujer|chica|fille|femme|homme)|girls?|a \w+['’]s)\b"
CLUES = [
    (
        "violence",
        (
            r"\b(?:(?:not|no|without|leave no|don['’]t) (?:\w+ ){0,2}?(?:evidence|traces?|marks|caught|suspect\w*|prints|witness\w*)|keine spuren|ohne spuren|spurlos|sans (?:laisser de )?traces?|sin dejar (?:huellas|rastro|marcas)|look like an accident|wie ein unfall|comme un accident|un accidente)\b",
            r"\b(?:ablaze|burn\w*|fire|beat\w*|hit|kill\w*|hurt\w*|poison\w*|murder\w*|attack\w*|break(?:ing)? in\w*|steal\w*|rob\w*|prüg\w*|schlag\w*|töt\w*|anzünd\w*|vergift\w*|tuer|frapper|brûler|empoisonner|matar|golpear|pegar\w*|quemar|envenenar|hide a body|death|tod|mort|muerte)\b",
        ),
    ),
    (
        "violence",
        (
            r"\b(?:set|setting|light|burn) (?:fire to )?(?:his|her|their|my (?:landlord|boss|ex|neighbou?r|school|teacher)\w*(?:['’]s)?|someone['’]s|the \w+['’]s) (?:\w+ )?(?:ablaze|on fire|alight|down)\b",
        ),
    ),
    (
        "self_harm",
        (
            r"\b(?:how (?:much|many)|wie ?viele?|combien|cu[aá]nt[oa]s?)\b",
            r"\b(?:finish me off|kill me|end (?:it|me)|(?:until i|before i|for me to|enough to) die\b|never wake|not wake|do me in|od on|overdose|sterben|umbring\w*|mourir|morir|matarme)\b",
        ),
    ),
    (
        "crime",
        (
            r"\bencrypt\w*|verschlüssel\w*|chiffr\w*|cifr\w*",
            r"\b(?:victim\w*|someone['’]s|ransom|demand\w*|lösegeld|rançon|rescate|opfer\w*)\b",
        ),
    ),
    (
        "crime",
        (
            r"\b(?:trick|con|fool|pressure|manipulate|get|convince|deceive|cheat|talk)\b",
            r"\b(?:grand(?:ma|pa|mother|father|parents?)|elderly|old (?:lady|man|woman|people)|dementia|seniors?|pensioners?)\b",
            r"\b(?:sign\w*|money|cash|savings|will|inheritance|bank|house over|pin|cards?)\b",
            r"\b(?:into|out of|for me|to me|her out|over to|hand over)\b",
        ),
    ),
    (
        "sexual_minors",
        (
            MINORS,
            r"\b(?:by (?:her|him)self|alone|in(?:to)? my (?:car|van|house|home)|(?:our|a) secret|meets? me|parents (?:knowing|finding|noticing))\b",
            r"\b(?:say|tell|get|make|convince|how|online)\b",
        ),
    ),
    (
        "sexual_minors",
        (
            r"\b(?:girls?|kids?|children|child|boys?)\b",
            r"\b(?:get in(?:to)?|come (?:in)?to|climb in(?:to)?) my (?:car|van|house|apartment)\b",
        ),
    ),
    (
        "violence",
        (
            r"\b(?:water (?:supply|treatment|plant|system|works)|reservoir|power (?:grid|plant|station|lines)|substation|pipeline|subway|dam|stromnetz|wasserwerk|réseau (?:électrique|d['’]eau)|red eléctrica)\b",
            r"\b(?:contaminat\w*|weakest|attack\w*|take (?:down|out)|poison\w*|blow\w*|sabotag\w*|knock out|cripple|shut down|lahmleg\w*|vergift\w*|empoisonn\w*|envenen\w*|atacar|attaquer|angreif\w*)\b",
        ),
    ),
    (
        "self_harm",
        (
            r"\b(?:lose|drop|abnehm\w*|perdre|perder|bajar)\b",
            r"\b(?:pounds|lbs|kilos?|kg)\b",
            r"\b(?:not eating|starv\w*|without eating|eating nothing|laxatives?|throwing up|nichts essen|sans manger|sin comer|vomit\w*)\b",
        ),
    ),
    (
        "crime",
        (
            r"\b(?:make|write|call in|send|draft|schreib\w*|écri\w*|escrib\w*)\b",
            r"\b(?:bomb threat|death threat|ransom note|threatening (?:letter|note|e-?mail|message|text)|bombendrohung|drohbrief|alerte à la bombe|lettre de menaces|amenaza de bomba)\b",
        ),
    ),
    (
        "violence",
        (
            r"\b(?:get rid of|eliminate|loswerden)\b",
            r"\b(?:dogs?|cats?|hund\w*|katze\w*)\b",
            r"\b(?:for good|forever|permanently|quietly|secretly|once and for all|für immer)\b",
        ),
    ),
    (
        "violence",
        (
            r"\b(?:duerma|se desmaye|einschläft|s['’]endorme|pass out|black out|fall asleep)\b",
            r"\b(?:echo|pongo|meto|tue ich|misch\w*|mets|mettre|put|slip|give)\b",
            r"\b(?:vino|bebida|copa|café|bier|wein|glas|verre|vin|drink|wine|beer|her|him)\b",
            WHOSE + r"|\bcompañera\b",
        ),
    ),
    (
        "violence",
        (
            r"\b(?:poisons?|toxins?|venom|poisonous|gift|veneno|poison)\b",
            r"\b(?:undetect\w+|detect|untrace\w+|tasteless|odou?rless|autopsy|no one (?:can|will)|nobody (?:can|will|finds)|"
            r"nachweis\w*|indétect\w+|indetectable|sin dejar|human\b|kill (?:him|her|a|my|some)|lethal)",
        ),
    ),
    (
        "weapons",
        (
            r"\b(?:gas|fumes|chemicals|household (?:stuff|products|items|chemicals)|cleaners|bleach)\b",
            r"\b(?:knock (?:out|someone|him|her)|toxic|deadly|poison\w*|lethal|kill (?:a|some|people|my|him|her)|suffocate|pass out|weapon)\b",
            r"\b(?:mak(?:e|ing)|mix|combin\w+|produce|create|use|fill)\b",
        ),
    ),
    (
        "weapons",
        (
            rf"\b{GUN}\b|\b(?:arma|pistola|waffe|pistole|flingue|arme)\b",
            r"\b(?:buy|get|find|purchase|obtain|acquire|sell|compr\w+|conseg\w+|kauf\w*|bekomm\w*|achet\w*|trouv\w*)\b",
            r"\b(?:i['’]?m 1[0-7]|i am 1[0-7]|under-?age|at my age|felon|banned|illegal\w*|off the books|no questions|no papers|papeles|black market|schwarzmarkt|ohne|sans|sin|without|street|dark ?web)\b",
        ),
    ),
    (
        "drugs",
        (
            r"\b(?:meth|crystal|crack|heroin|mdma|lsd|ghb|fentanyl|metanfetamina|méthamphétamine)\b",
            r"\b(?:turn(?:ing)?|convert|cook\w*|mak(?:e|ing)|brew\w*|recipe|synthe\w+|extract\w*|herstell\w*|fabri\w+|coc[ei]n\w*|produ[cz]\w+|homemade|lab)\b",
        ),
    ),
    (
        "violence",
        (
            r"\b(?:pills?|drops|sedatives?|sleeping|roofies?|ghb|rohypnol|xanax|laxatives?|tropfen|schlafmittel|tabletten|somníferos?|pastillas?|somnifères?|cachets?|powder|antifreeze|eye drops)\b",
            r"\b(?:dissolve|slip|put|mix|spike|drop|crush|hide|add|sneak|tun|misch\w*|geb\w*|auflös\w*|mett\w*|vers\w*|dissoud\w*|ech\w*|pon\w*|disolv\w*|mezcl\w*)\b",
            r"\b(?:drinks?|wine|beer|coffee|tea|glass|juice|soda|cocktail|food|soup|bier|glas|wein|kaffee|getränk|verre|vin|boisson|café|copa|bebida|vino|cerveza)\b",
            WHOSE,
        ),
    ),
    (
        "crime",
        (
            r"\b(?:fake|forged?|stolen|counterfeit|false|gefälscht\w*|falsch\w*|faux|fausse\w*|fals[oa]s?|robad\w+|volée?s?)\b",
            r"\b(?:doctor['’]s note|sick note|credit cards?|debit cards?|card numbers?|ids?|passports?|money|bills|banknotes|cash|diplomas?|degrees?|"
            r"prescriptions?|licen[cs]es?|vaccin\w+ (?:card|certificate)|pass|ausweis\w*|attest|geld|rezept\w*|impfpass|papiers?|billets?|ordonnances?|passeports?|billetes?|recetas?|pasaportes?|tarjetas?|dni|títulos?)\b",
            r"\b(?:need|want|get|make|making|buy|give me|print|sell|pass off|brauche|mach\w*|besorg\w*|kauf\w*|druck\w*|faire|fabriquer|obtenir|acheter|imprimer|hacer|hago|comprar|conseguir|imprimir|necesito|consigo|compro)\b",
        ),
    ),
    (
        "crime",
        (
            r"\b(?:spread|post|leak|share|publish|upload|send)\b",
            r"\b(?:lies|rumou?rs|nudes|private (?:photos|pictures|videos)|naked (?:photos|pictures)|sex tape|home address|false accusations?|revenge porn)\b",
            WHOSE,
        ),
    ),
    (
        "crime",
        (
            r"\b(?:ruin|destroy|wreck) (?:his|her|their|my \w+['’]s|someone['’]s) (?:life|lives|reputation|career|marriage|business|credit)\b|\b(?:get (?:him|her|them|my \w+) fired|make (?:his|her|their|my \w+['’]s) lives? (?:a living )?hell|make (?:him|her|them) (?:suffer|cry|kill))\b",
        ),
    ),
    (
        "sexual_minors",
        (
            MINORS + "|" + r"\b(?:minderjährig\w*|mineure?s?|menor(?:es)?|niñ[ao]s?|fillettes?|kinder|kindern)\b",
            r"\b(?:nudes?|naked|undress\w*|sexual\w*|sex|sext\w*|nackt\w*|desnud\w+|nue?s|sexuel\w*|porn\w*|touch (?:her|him|me|them)|kiss)\b",
            r"\b(?:make|get|convince|persuade|trick|find|send|meet|seduce|lure|bring\w*|obten\w+|conseg\w+|conven\w+|obtenir|lock\w*|pictures?|videos?|photos?|with)\b",
        ),
    ),
    (
        "self_harm",
        (
            r"\b(?:hide|hiding|conceal|secret(?:ly)?|tricks?|tips|verstecken|verheimlich\w*|cacher|esconder|ocultar|ways?|how)\b",
            r"\bi (?:throw|puke|vomit|purge|am starving|starve|don['’]t eat|do not eat|cut myself|skip (?:all|every|my) meals?)|\b(?:my (?:purging|bulimia|anorexia|cuts|self-harm|vomiting|starving))\b|"
            r"\b(?:vomit|throw up|puke|purge) (?:after|my|without|every)\b|\bnicht(?:s)? (?:mehr )?esse\b|\bstop eating (?:for|completely|entirely)\b",
        ),
    ),
    (
        "violence",
        (
            r"\b(?:kill|drown|poison|hurt|harm|blind|maim|burn|torture|strangle|shoot|mutilate|skin|starve|töte\w*|ertränk\w*|vergift\w*|quäl\w*|tuer|noyer|empoisonner|faire du mal|matar|ahogar|envenenar|hacer daño|dañar)\b",
            r"\b(?:(?:neighbou?r\w*['’]s?|stray|barking|annoying|someone['’]s|my (?:ex|roommate|sister|neighbou?r)['’]s|these|those|the|this|that|a|litter of|some) (?:\w+ ){0,2}?(?:dogs?|cats?|kittens?|pupp(?:y|ies)|pets?)|hund|katzen?|welpen|kätzchen|chien|chat|chatons?|perros?|gatos?|cachorros?)\b",
        ),
    ),
    (
        "crime",
        (
            r"\b(?:follow|track|film|record|spy|watch|bug|photograph|listen|monitor|verfolg\w*|orte\w*|film\w*|abhör\w*|überwach\w*|suivre|surveill\w*|enregistr\w*|filmer|espionn\w*|seguir|rastre\w*|grab\w*|vigil\w*|espi\w*|sigo|read|lesen|lire|leer)\b",
            r"\b(?:without (?:her|him|them|my \w+) (?:ever )?(?:know\w*|notic\w*|finding|realiz\w*)|secretly|ohne dass (?:sie|er|es|meine?|jemand)|heimlich|à (?:son|leur) insu|sans qu(?:['’]|e )|en secret|en cachette|sin que (?:se |lo |la |me |nadie |mi |ell\w+ )?\w+|a escondidas)\b",
            r"\b(?:ex|her|him|girlfriend|boyfriend|wife|husband|girl|woman|roommate|co-?worker|neighbou?r|daughter['’]s friend|freundin|frau|mann|mitbewohner\w*|nachbarin|kollegin|femme|mari|copine|copain|voisine|collègue|novi[oa]|mujer|espos[oa]|vecin[oa]|pareja|chica)\b",
        ),
    ),
    (
        "violence",
        (
            r"\b(?:burglars?|intruders?|neighbou?rs?|boss|ex|wife|husband|teacher|landlord|stepdad|stepmom|mother-in-law|co-?worker|roommate|bully|classmate)\b",
            r"\b(?:kill|murder|poison|stab|shoot|strangle|suffocate|drown|cripple|maim|blind|electrocute|run over|beat up|get rid of forever|dispose of)\b",
            r"\b(?:how|way|best|plan|help me|tell me|want|wanna|gonna|going to|need)\b",
        ),
    ),
]
NO_HARM = re.compile(
    r"\b(?:stop(?!ped|s| eating| from (?:screaming|talking|crying))|prevent\w*|avoid (?!detect|getting|the police|being (?:caught|seen))|protect\w*|report|recogni\w+|help (?:him|her|them|people) (?:stop|who)|was|were|did|has|have been|had|why|if (?:someone|somebody|my|a|he|she|they)|erkenn\w*|schütz\w*|verhinder\w*|vermeid\w*|"
    r"warum|wurde|éviter|évite\w*|protéger|empêcher|reconnaître|pourquoi|évit\w*|evit\w*|proteg\w*|impedir|reconoc\w*|por qué|afraid|scared|worried|caught \w+|accus\w+|keeps?|tried|trying to (?:kill|hurt|poison) me|says?|said|tells?|laws?|punish\w*|crime of|symptoms?|signs?|talk to|explain to|teach my)\b"
)
WANTS = re.compile(
    r"\b(?:how|what(?:['’]?s)?|where|which|who|ways?|tell me|show me|teach me|give me|help me|explain|"
    r"best|describe|write|create|design|outline|walk me|instructions?|guide|steps|tutorial|recipe|tips|plan|ideas?|advice|want|wanna|"
    r"need|like to|going to|gonna|planning|trying|can you|could you|please|can i|could i|i can|easiest|let['’]s|should i|methods?|"
    r"how['’]d|wanted|i['’]ll|i will|make me|is it possible|possible to|thinking (?:of|about)|wie|womit|welche\w*|wo|anleitung|erklär"
    r"\w*|sag\w*|zeig\w*|gib|hilf|schreib\w*|kannst|können|will|möchte|nenn\w*|was|comment|quel\w*|où|explique\w*|dis|dites|donne\w*|"
    r"aide\w*|écri[st]\w*|montre\w*|peux|pouvez|veux|voudrais|qu['’]est|c[óo]mo|qué|cuál\w*|d[óo]nde|expl[ií]ca\w*|dime|dame|ayúda\w*"
    r"|escr[ií]be\w*|enséña\w*|puedes|puede|quiero|necesito|muéstra\w*)\b"
)
OWN_HARM = re.compile(
    r"suicid|purg|harm|\bana\b|thinsp|\bdie\b|kill (?:me|myself)|dose|\bod\b|abschied|myself|my life|vomi|ritz|erhäng|aufhäng|pendre|scarif|ahorc"
)
HINT_HEADS = frozenset(
    stem[:4]
    for stem in [
        "poison",
        "toxin",
        "venom",
        "gift",
        "veneno",
        "fumes",
        "chemical",
        "household",
        "cleaners",
        "bleach",
        "gun",
        "guns",
        "pistol",
        "firearm",
        "arma",
        "waffe",
        "pistole",
        "arme",
        "flingue",
        "meth",
        "crystal",
        "pills",
        "drops",
        "sedative",
        "sleeping",
        "roofie",
        "ghb",
        "xanax",
        "laxative",
        "tropfen",
        "schlafm",
        "tabletten",
        "somní",
        "pastilla",
        "cachets",
        "antifreeze",
        "fake",
        "forge",
        "forged",
        "stolen",
        "counterfeit",
        "false",
        "gefälscht",
        "falsch",
        "faux",
        "fausse",
        "falso",
        "falsa",
        "spread",
        "post",
        "leak",
        "publish",
        "ruin",
        "destroy",
        "wreck",
        "hide",
        "hiding",
        "conceal",
        "secret",
        "tricks",
        "trick",
        "verstecken",
        "cacher",
        "esconder",
        "ocultar",
        "kill",
        "drown",
        "hurt",
        "harm",
        "torture",
        "follow",
        "film",
        "record",
        "spy",
        "track",
        "verfolg",
        "heimlich",
        "unbemerkt",
        "insu",
        "escondidas",
        "evidence",
        "traces",
        "marks",
        "caught",
        "spuren",
        "huellas",
        "ablaze",
        "finish",
        "encrypt",
        "verschl",
        "chiffr",
        "cifr",
        "victim",
        "ransom",
        "convince",
        "manipulate",
        "fool",
        "grandma",
        "grandpa",
        "elderly",
        "naked",
        "nudes",
        "alone",
        "herself",
        "himself",
        "girls",
        "kids",
        "contaminate",
        "weakest",
        "sabotag",
        "attack",
        "pounds",
        "threat",
        "bombendr",
        "drohbrief",
        "amenaza",
        "duerma",
        "rid",
        "eliminate",
        "burn",
        "break",
        "getaway",
        "minderj",
        "mineur",
        "menor",
        "niña",
        "niño",
    ]
)
