"""
The words that the draft coach looks for, in Chinese and in English.

All are compared with texts in normal form (NFKC): ％ is %, ℃ is °C, ， is a comma, ： a colon.
"""

import re

#: Praise that says nothing without a number. The lookaheads spare what is no praise.
PRAISE = re.compile(
    r"(?<![最提测])高(?:效(?!液相|毛细|薄层|空气|过滤|凝胶|离子)|性能(?!计算|液相|混凝土)|精度|可靠|稳定性|灵敏度"
    r"|强度(?!钢|螺栓|混凝土|间歇|聚焦))"
    r"|(?<!降)低(?:成本|能耗|功耗)"
    r"|(?:性能|效果|品质|质量|稳定性|可靠性|效益)(?:非常|十分|更加|更|较|很|极)?"
    r"(?:优异|优良|优越|卓越|出色|好|显著|明显|突出|可观|稳定)"
    r"|(?:国际|国内|世界|全球|行业|业内)(?:领先|先进|一流|首创|首个|首次)"
    r"|填补[^,。;]{0,8}空白|独创(?!性)"
    r"|(?:大幅度?|显著|明显|极大|有效|大大)地?"
    r"(?:提高|提升|降低|减少|缩短|改善|增强|增加|节省|节约)"
    r"|(?:成本|能耗|功耗|损耗|造价|误差)(?:非常|十分|更|较|很|极)?(?:低|小|少)(?![于至到0-9])"
    r"|(?:精度|效率|强度|灵敏度|准确率|产率|收率|附加值)(?:非常|十分|更|较|很|极)?高(?![于达0-9])"
    r"|(?:能力|稳定性|可靠性|适应性|性价比)(?:非常|十分|更|较|很|极)?[强高](?![于达0-9])"
    r"|节能环保|投资少|见效快|(?:产品|质量)优(?![化于先])|(?:经济|社会)效益(?:良好|显著)|良好的(?:经济|社会)效益"
    r"|寿命(?:更|较|很|极)?长|(?:速度|响应)(?:更|较|很|极)?快"
    r"|前景(?:十分|非常|极其)?(?:广阔|良好|广泛|好)|市场潜力(?:巨大|大)"
    r"|\b(?:high(?:ly)?[- ](?:efficien(?:t|cy)|performance|precision|quality|reliab(?:le|ility))"
    r"|low[- ](?:cost|energy|power)|cost[- ]effective|state[- ]of[- ]the[- ]art|cutting[- ]edge"
    r"|(?:world|best)[- ](?:class|leading|in[- ]class)|(?:internationally|globally) leading"
    r"|leading(?: edge| level)|advanced level|excellent|outstanding|superior|revolutionary"
    r"|(?:significant|great|substantial|dramatic|remarkabl|considerabl)(?:ly|y|e)? "
    r"(?:improv|increas|reduc|lower|enhanc|shorten)\w*"
    r"|fills? (?:a|the) gap|broad prospects|long (?:service )?life)\b",
    re.IGNORECASE,
)

#: The units after a number, as they are once full-width forms have become the usual ones.
UNIT = (
    r"(?:[余多]?[百千万亿]*"
    r"(?:[%‰′″Ω°]|°[CF]|个?百分点|倍|元|吨|公斤|千克|毫克|微克|克|千米|公里|厘米|毫米|微米|纳米|米|平方|立方"
    r"|公顷|亩|年|个?月|周|天|日|小时|分钟?|毫秒|微秒|秒|千瓦|兆瓦|瓦|千?伏|安|兆?帕|兆?赫兹?|毫?升|摄氏|度|转|分贝"
    r"|次|件|台|套|项|例|名|人|家|种|层|级|帧|比特|字节|像素"
    r"|(?:wt|vol|mol|at)%|dB|pp[mb]|bar|[rf]p[ms]|USD|CNY|RMB|yuan|euros?|per ?cent|times|fold"
    r"|(?:year|month|week|day|hour|minute|second|cycle|ton)s?|r|U|CFU|min|ha|au"
    r"|[TGMkhdcmunpfμ]?(?:mol|rad|bps|bit|Pa|Hz|Wh|Ah|eV|lm|lx|[mgtshVAWJNLlKCFTSΩBbd])"
    r"(?:-?[1-4])?)(?:[/·*][A-Za-zμ%°]+(?:-?[1-4])?)*)(?![A-Za-z])"
)
#: A number that measures something: not the 3 of 第3, 2D or V2.0. Its length has an end, so that a
#: text that is nothing but digits and commas takes no longer than another.
BARE = r"(?<![A-Za-z0-9.第])[0-9]{1,15}(?:[.,][0-9]{1,15}){0,4}(?: ?[×x*] ?10\^?-?[0-9]{1,3})?"
MEASURE = re.compile(rf"{BARE}\s*(?:[-~—–至到±]\s*[0-9]{1, 15}(?:\.[0-9]{1, 15})?\s*)?{UNIT}")
#: Something is said to reach a number, and nothing follows that could be its unit.
CLAIM = re.compile(
    r"(?:达到?了?|高达|(?:提高|提升|降低|减少)(?:[至到]了?|了)?|降至|不(?:低于|高于|超过|小于|大于)|低于|高于|大于|小于"
    r"|超过|\b(?:up to|at least|at most|reach(?:es|ed)?|below|above|less than|more than)\b)"
    rf"\s*(?:约|近|≈|about)?\s*(?P<number>{BARE})(?=\s*(?:以上|以下|左右)?\s*(?:[,。;)!?]|\.(?![0-9])|$))",
    re.IGNORECASE | re.MULTILINE,
)
#: What has no unit by nature, right before the claim.
HAS_NONE = re.compile(
    r"(?:系数|指数|比值?|概率|因子|评分|得分|pH|折射率|\bR2?|coefficient|index|ratio|factor|score)\W*\S{0,6}$",
    re.IGNORECASE,
)

#: What is used otherwise is spoken of.
COMPARED_WITH = re.compile(
    r"相比|相较|对比|比较|优于|好于|高于|低于|传统|常规|现有|同类|竞品|进口|替代|已有|原有|原来|以往|不足|缺陷"
    r"|\b(?:compared|comparison|versus|vs|than|unlike|conventional|existing|competing)\b",
    re.IGNORECASE,
)
#: What it is good for is spoken of.
USED_FOR = re.compile(
    r"应用|适用|用[于在作]|可用|场景|领域|行业|工程|工业|生产|产业|推广|面向|客户|市场"
    r"|\b(?:appli(?:ed|es|cations?|cable)|used? (?:in|for|by|as)|suitable|industr\w+|market)\b",
    re.IGNORECASE,
)

#: What any title says; what is left is its object.
GENERIC = re.compile(
    r"关于|一[种类项]|若干|有关|新型|新式|新|先进|高新|高效|创新|科技|科研|技术|成果|项目|方法|系统|装置|设备|产品"
    r"|工艺|方案|研究|研发|开发|设计|应用|推广|转化|转让|产业化|合作|寻求|求购|需求|供给|提供|招商|融资|介绍|简介"
    r"|问题|平台|服务|关键|核心|及其|基于|[与及和的了在其等]"
    r"|\b(?:a|an|the|of|for|and|on|in|with|new|novel|advanced|innovative|innovation"
    r"|technolog(?:y|ies)|research|study|project|method|system|device|product|process"
    r"|achievement|results?|development|application|cooperation|needed|wanted|offer"
    r"|solution|platform)\b",
    re.IGNORECASE,
)

#: How people are reached past the market: by telephone, e-mail, WeChat or QQ.
CONTACT = re.compile(
    r"(?<![A-Za-z0-9.])(?:\+?86[- ]?)?1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}(?![0-9.])"
    r"|(?<![0-9])\(?0[1-9][0-9]{1,2}[-) ]{1,2}[0-9]{7,8}(?![0-9])"
    r"|(?<![0-9])400[- ]?[0-9]{3}[- ]?[0-9]{4}(?![0-9])"
    r"|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.[\w.-]*\w"
    r"|(?:加|添加)微信|微信号|微信:|\b(?:wechat|weixin|vx)\b ?(?:id)?:"
    r"|\bQQ号?[: ]*[0-9]{5,12}(?![0-9])",
    re.IGNORECASE,
)

#: What is written on a paper with state secrets, and on nothing else.
MARKING = re.compile(
    r"(?:绝密|机密|(?<![业术])秘密)\s*[★☆]|密级\s*:?\s*(?:绝密|机密|秘密)"
    r"|(?m:^\s*[\[【(]?(?:绝密|机密|秘密)[\]】)]?\s*$)|\bTOP SECRET\b|\bSECRET//|\bNOFORN\b"
)
#: What may be one, or a word of the trade; a trade secret or the secrecy of data is none.
PERHAPS_MARKING = re.compile(
    r"绝密|(?<!商业)机密(?![性计容虚])|国家秘密|涉密|内部(?:资料|文件)|注意保密|不得外传"
    r"|(?-i:\bCONFIDENTIAL\b)|\b(?:strictly confidential|classified information|state secrets?)\b",
    re.IGNORECASE,
)
#: That there is none in it may be said.
DENIED = re.compile(
    r"(?:[不未无非]|没有)(?:涉及|包含|含有?|属于?)?(?:任何)?(?:国家秘密|涉密|绝密|机密)"
    r"|\bno state secrets?\b",
    re.IGNORECASE,
)

SENTENCE_END = re.compile(r"[。;!?\n]|(?<![0-9])\.|\.(?![0-9])")
