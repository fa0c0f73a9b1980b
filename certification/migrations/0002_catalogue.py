"""What the trade starts with: providers, the cause catalogue, kinds of material, requirements, and reasons.

Staff edit all of it afterwards; nothing in the code asks for one of these codes.
"""

import datetime as dt

from django.db import migrations

PROVIDERS = (
    ("official", "官方平台", "Official platform", True),
    ("third_party", "第三方服务商", "Third-party provider", False),
)

# code, family, zh, en, opened by, usual from, until, unit, effects, sentence zh, sentence en
CAUSES = (
    (
        "routine_window",
        "technical",
        "例行维护",
        "Routine window",
        "plan",
        2,
        4,
        "hours",
        {},
        "平台例行维护，约 2–4 小时，来电展示不受影响。",
        "Routine work on the platform, about 2–4 hours. Your calls display as usual.",
    ),
    (
        "model_upgrade",
        "technical",
        "重大升级",
        "Major upgrade",
        "plan",
        3,
        5,
        "days",
        {"review_time_factor": "1.5"},
        "预计 3–5 天；新申请的审核时间延长约 50%。",
        "Expected to take 3–5 days; reviews of new applications take about 50% longer.",
    ),
    (
        "data_sync",
        "technical",
        "数据同步校准",
        "Data sync",
        "plan",
        3,
        3,
        "days",
        {"suspends_display": True, "defers": ["number_change"]},
        "正在与运营商同步号码数据，约 3 天；期间认证暂停展示，号码修改将延后处理。",
        "Number data is being synchronised with the carriers, about 3 days; certification is not displayed and number changes wait.",
    ),
    (
        "regulatory_material",
        "policy",
        "监管新增材料",
        "New required material",
        "requirement",
        7,
        10,
        "working_days",
        {"suspends_display": True},
        "监管新增审核材料，补交并通过审核后恢复展示，预计 7–10 个工作日。",
        "A regulation requires a further document. Display resumes when it is supplied and approved, expected 7–10 working days.",
    ),
    (
        "temporary_policy",
        "policy",
        "临时政策响应",
        "Temporary policy",
        "requirement",
        5,
        8,
        "days",
        {"suspends_display": True},
        "配合监管的临时调整，预计 5–8 天。",
        "A temporary adjustment at the regulator's request, expected to take 5–8 days.",
    ),
    (
        "standard_overhaul",
        "policy",
        "行业标准修订",
        "Standards overhaul",
        "plan",
        10,
        15,
        "days",
        {
            "urgent_appeals_only": True,
            "defers": [
                "application",
                "number_change",
                "material",
                "appeal",
                "complex_appeal",
                "complaint_lock",
                "expedite",
            ],
        },
        "行业认证规则调整，预计 10–15 天，期间仅处理紧急申诉。",
        "The industry's certification rules are being revised, expected 10–15 days; only urgent appeals are processed meanwhile.",
    ),
    (
        "material_expired",
        "risk",
        "资质过期",
        "Material expired",
        "expiry",
        None,
        None,
        "days",
        {"suspends_display": True},
        "材料已过期，认证暂停展示；重新提交后 3–5 天内完成审核。",
        "A document has expired and certification is not displayed; a new version is reviewed within 3–5 days of submission.",
    ),
    (
        "complaint_lock",
        "risk",
        "投诉异常锁定",
        "Complaint lock",
        "complaints",
        48,
        48,
        "hours",
        {"suspends_display": True, "locks": True, "warn_at": 3, "lock_above": 5},
        "单日投诉超过 5 次，号码已锁定；人工复核完成后解除，48 小时内给出结论。",
        "More than 5 complaints in one day have locked this number; a reviewer decides within 48 hours and only that releases it.",
    ),
)

# code, zh, en, description zh, description en, names numbers, may be long-term, identity document
MATERIAL_KINDS = (
    (
        "business_licence",
        "营业执照",
        "Business licence",
        "正本或副本，四角完整，登记名称与企业名称一致。",
        "Original or duplicate with all four corners visible; the registered name is the company's name.",
        False,
        True,
        False,
    ),
    (
        "legal_representative_id",
        "法定代表人身份证",
        "Legal representative's identity card",
        "人像面与国徽面，信息清晰可读。",
        "Both sides, every field readable.",
        False,
        True,
        True,
    ),
    (
        "letter_of_authority",
        "经办人授权书",
        "Letter of authority",
        "非法定代表人办理时需要，须盖公章。",
        "Needed when somebody other than the legal representative applies; with the company's seal.",
        False,
        True,
        False,
    ),
    (
        "number_ownership",
        "号码归属证明",
        "Proof of number ownership",
        "运营商合同或近三个月账单，写明号码与机主。",
        "Operator contract or a bill of the last three months that names the numbers and the holder.",
        True,
        True,
        False,
    ),
    (
        "statement_of_use",
        "号码用途说明",
        "Statement of use",
        "说明号码用途并附通话话术样例。",
        "What the numbers are used for, with a sample script.",
        True,
        True,
        False,
    ),
    (
        "medical_practice_licence",
        "医疗机构执业许可证",
        "Medical practice licence",
        "在有效期内，机构名称与企业名称一致。",
        "Valid, in the company's name.",
        False,
        False,
        False,
    ),
    (
        "radiology_licence",
        "放射诊疗许可证",
        "Radiology diagnosis and treatment licence",
        "在有效期内；自生效日起医疗行业须备案。",
        "Valid; required of the medical industry from the date of the notice.",
        False,
        False,
        False,
    ),
    (
        "financial_licence",
        "金融许可证",
        "Financial licence",
        "监管机构颁发，业务范围覆盖外呼业务。",
        "Issued by the regulator, covering the business that calls are made for.",
        False,
        True,
        False,
    ),
    (
        "anti_money_laundering_pledge",
        "反洗钱承诺函",
        "Anti-money-laundering pledge",
        "法定代表人签字并盖公章。",
        "Signed by the legal representative, with the company's seal.",
        False,
        False,
        False,
    ),
    (
        "complaint_handling_process",
        "用户投诉处理机制",
        "Complaint handling process",
        "写明受理渠道、处理时限与责任人。",
        "Names the channels, time limits and persons responsible.",
        False,
        True,
        False,
    ),
    (
        "school_licence",
        "办学许可证",
        "School operating licence",
        "在有效期内，办学内容与外呼用途相符。",
        "Valid, and fitting the purpose of the calls.",
        False,
        False,
        False,
    ),
    (
        "courier_licence",
        "快递业务经营许可证",
        "Courier business licence",
        "在有效期内，经营地域覆盖号码所在地。",
        "Valid, covering the area of the numbers.",
        False,
        False,
        False,
    ),
    (
        "food_licence",
        "食品经营许可证",
        "Food business licence",
        "在有效期内，主体名称与企业名称一致。",
        "Valid, in the company's name.",
        False,
        False,
        False,
    ),
    (
        "retail_licence",
        "零售经营备案凭证",
        "Retail business filing",
        "与经营范围一致。",
        "Fitting the registered scope of business.",
        False,
        True,
        False,
    ),
    (
        "property_filing",
        "物业服务备案证明",
        "Property service filing",
        "写明服务项目与期限。",
        "Names the estates served and the period.",
        False,
        True,
        False,
    ),
    (
        "ride_hailing_licence",
        "网络预约出租汽车经营许可证",
        "Ride-hailing operating licence",
        "在有效期内，经营区域覆盖号码所在地。",
        "Valid, covering the area of the numbers.",
        False,
        False,
        False,
    ),
)

ORGANISATIONS = ["enterprise", "sole_trader", "public_service"]
LONG_AGO = dt.date(2020, 1, 1)
# material, industry or None, company kinds, moment, holds applications
REQUIREMENTS = (
    ("business_licence", None, ORGANISATIONS, "always", False),
    ("legal_representative_id", None, [], "always", False),
    ("letter_of_authority", None, ORGANISATIONS, "application", False),
    ("number_ownership", None, [], "application", False),
    ("statement_of_use", None, [], "application", False),
    ("medical_practice_licence", "medical", [], "always", False),
    ("financial_licence", "finance", [], "always", False),
    ("complaint_handling_process", "telemarketing", [], "always", True),
    ("school_licence", "education", [], "always", False),
    ("courier_licence", "logistics", [], "always", False),
    ("food_licence", "catering", [], "always", False),
    ("retail_licence", "retail", [], "application", False),
    ("property_filing", "property", [], "application", False),
    ("ride_hailing_licence", "ride_hailing", [], "always", False),
)

# code, kinds of review, text zh, text en, fix zh, fix en
REASONS = (
    (
        "name_mismatch",
        ["application", "material", "company"],
        "材料上的名称与企业登记名称不一致",
        "The name on the document is not the company's registered name",
        "请上传名称一致的材料，或先更新企业信息。",
        "Upload a document in the company's name, or update the company's data first.",
    ),
    (
        "illegible",
        ["application", "material"],
        "图片模糊，关键信息无法辨认",
        "The picture is blurred and key data cannot be read",
        "请在光线充足处重新拍摄，确保四角完整、文字清晰。",
        "Take a new picture in good light with all corners and text sharp.",
    ),
    (
        "incomplete",
        ["application", "material"],
        "材料缺页或不完整",
        "Pages are missing or the document is incomplete",
        "请补齐全部页面后一并上传。",
        "Upload all pages together.",
    ),
    (
        "expired",
        ["application", "material"],
        "材料已过有效期",
        "The document is no longer valid",
        "请上传仍在有效期内的版本。",
        "Upload a version that is still valid.",
    ),
    (
        "wrong_document",
        ["application", "material"],
        "上传的不是所要求的材料",
        "This is not the document that is required",
        "请对照说明上传正确的材料。",
        "Compare with the description and upload the right document.",
    ),
    (
        "validity_mismatch",
        ["application", "material"],
        "填写的有效期与材料不符",
        "The dates entered differ from those on the document",
        "请按材料上的日期填写有效期。",
        "Enter the dates as the document states them.",
    ),
    (
        "ownership_unclear",
        ["application", "number_change"],
        "无法证明号码归属企业",
        "It is not shown that the number is the company's",
        "请上传写明号码与机主的运营商合同或账单。",
        "Upload an operator contract or bill that names number and holder.",
    ),
    (
        "purpose_unclear",
        ["application", "number_change"],
        "号码用途说明不清楚",
        "The purpose of the calls is not clear",
        "请写明致电对象、目的，并附话术样例。",
        "State whom you call and why, with a sample script.",
    ),
    (
        "label_not_allowed",
        ["application", "number_change"],
        "展示名称不符合规范",
        "The displayed name is not allowed",
        "请使用企业名称、品牌或其简称，不含宣传用语。",
        "Use the company's name, brand or a short form of it, without advertising.",
    ),
    (
        "industry_mismatch",
        ["company"],
        "所选行业与登记的经营范围不符",
        "The industry does not fit the registered scope of business",
        "请选择与经营范围相符的行业。",
        "Choose the industry that fits the scope of business.",
    ),
    (
        "not_in_business",
        ["company"],
        "登记信息显示企业已注销、吊销或异常",
        "The register says that the company is no longer in business",
        "请先在登记机关恢复正常状态，或更正企业信息。",
        "Put this right with the registration authority first, or correct the company's data.",
    ),
    (
        "contact_unreachable",
        ["company"],
        "按填写的方式无法联系到企业",
        "The company cannot be reached as stated",
        "请填写可以接通的联系人和电话。",
        "State a contact person and a phone that answers.",
    ),
    (
        "credit_code_mismatch",
        ["company", "application"],
        "统一社会信用代码与登记信息不符",
        "The credit code differs from the register",
        "请核对营业执照后更正。",
        "Compare with the business licence and correct it.",
    ),
    (
        "forged",
        ["application", "material", "company"],
        "材料经核验不实",
        "The document did not pass verification",
        "如有异议，可提交申诉并附原件证明。",
        "If you disagree, appeal with proof of the original.",
    ),
)


def fill(apps, schema_editor):
    def model(name):
        return apps.get_model("certification", name)

    industries = {row.code: row for row in apps.get_model("accounts", "Industry").objects.all()}
    for code, name_zh, name_en, official in PROVIDERS:
        model("Provider").objects.create(code=code, name_zh=name_zh, name_en=name_en, is_official=official)
    for (
        code,
        family,
        name_zh,
        name_en,
        opened_by,
        usual_from,
        usual_until,
        unit,
        effects,
        sentence_zh,
        sentence_en,
    ) in CAUSES:
        model("MaintenanceCause").objects.create(
            code=code,
            family=family,
            name_zh=name_zh,
            name_en=name_en,
            opened_by=opened_by,
            usual_from=usual_from,
            usual_until=usual_until,
            usual_unit=unit,
            sentence_zh=sentence_zh,
            sentence_en=sentence_en,
            **effects,
        )
    for position, (code, name_zh, name_en, text_zh, text_en, numbers, long_term, identity) in enumerate(MATERIAL_KINDS):
        model("MaterialKind").objects.create(
            code=code,
            name_zh=name_zh,
            name_en=name_en,
            description_zh=text_zh,
            description_en=text_en,
            names_numbers=numbers,
            may_be_long_term=long_term,
            is_identity_document=identity,
            ordering=(position + 1) * 10,
        )
    cause = model("MaintenanceCause").objects.get(code="regulatory_material")
    announced = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    for kind, industry, company_kinds, moment, holds in REQUIREMENTS:
        model("Requirement").objects.create(
            kind=model("MaterialKind").objects.get(code=kind),
            industry=industries[industry] if industry else None,
            company_kinds=company_kinds,
            moment=moment,
            cause=cause,
            effective_from=LONG_AGO,
            announced_at=announced,
            holds_applications=holds,
            only_for_agents=kind == "letter_of_authority",
        )
    for code, kinds, text_zh, text_en, fix_zh, fix_en in REASONS:
        model("Reason").objects.create(
            code=code, kinds=kinds, text_zh=text_zh, text_en=text_en, fix_zh=fix_zh, fix_en=fix_en
        )


class Migration(migrations.Migration):
    dependencies = [("certification", "0001_initial"), ("accounts", "0002_journal_guard_and_industries")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
