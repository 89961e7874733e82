"""The entity sets and their properties, in the order of the API's answers.

Every set is one SQLite table of the same name with a column per property, plus `etag` and `body` (the row as JSON, as
it stands in lists). Date-times are kept as milliseconds since 1970, booleans as 0 and 1, everything else as in JSON.
The set of a custom page (custom_page.py) shows more columns of the same table.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
NOT_BLOCKED = "_x0020_"
NO_DATE = "0001-01-01"


class Kind(Enum):
    """What a property holds."""

    TEXT = "text"
    CODE = "code"
    ENUM = "enum"
    GUID = "guid"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"

    @property
    def edm(self) -> str:
        """The type's name in messages and metadata."""
        return _EDM_TYPES[self]


_EDM_TYPES = {
    Kind.TEXT: "Edm.String",
    Kind.CODE: "Edm.String",
    Kind.ENUM: "Microsoft.NAV",
    Kind.GUID: "Edm.Guid",
    Kind.DECIMAL: "Edm.Decimal",
    Kind.INTEGER: "Edm.Int64",
    Kind.BOOLEAN: "Edm.Boolean",
    Kind.DATE: "Edm.Date",
    Kind.DATETIME: "Edm.DateTimeOffset",
}
BLANKS: dict[Kind, str | int] = {
    Kind.TEXT: "",
    Kind.CODE: "",
    Kind.ENUM: "",
    Kind.GUID: ZERO_GUID,
    Kind.DECIMAL: 0,
    Kind.INTEGER: 0,
    Kind.BOOLEAN: 0,
    Kind.DATE: NO_DATE,
    Kind.DATETIME: 0,
}


@dataclass(frozen=True)
class Property:
    """A property: its name in the API, the caption of the field behind it, type, and the most characters it takes.

    Codes are trimmed and upper-cased when written. `options` are the members of an enum as the API writes them.
    """

    name: str
    caption: str
    kind: Kind
    length: int = 0
    is_editable: bool = True
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class EntitySet:
    """A collection of the API. `key` names the property in the address, `order` the one that lists are sorted by."""

    name: str
    singular: str
    caption: str
    properties: tuple[Property, ...]
    key: str = "id"
    order: str = "code"
    has_etag: bool = True
    hidden: tuple[str, ...] = ()
    """Columns behind the properties that the API does not show; whole numbers or texts."""
    table: str = ""
    """Where the rows are kept; "" = in a table of the set's own name."""
    navigation: tuple[str, ...] = ()
    """The sets of what belongs to one of its rows, beside those that every customer has."""

    @property
    def stored_in(self) -> str:
        """The table of its rows."""
        return self.table or self.name

    @cached_property
    def by_name(self) -> dict[str, Property]:
        """The properties by their name."""
        return {prop.name: prop for prop in self.properties}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the properties in order."""
        return tuple(prop.name for prop in self.properties)

    @cached_property
    def converted(self) -> tuple[tuple[str, Kind], ...]:
        """The properties that are not stored as they are shown."""
        kinds = (Kind.DATETIME, Kind.BOOLEAN, Kind.DECIMAL)
        return tuple((prop.name, prop.kind) for prop in self.properties if prop.kind in kinds)


def _id() -> Property:
    return Property("id", "Id", Kind.GUID, is_editable=False)


def _modified() -> Property:
    return Property("lastModifiedDateTime", "Last Modified Date", Kind.DATETIME, is_editable=False)


def _text(name: str, caption: str, length: int) -> Property:
    return Property(name, caption, Kind.TEXT, length)


def _code(name: str, caption: str, length: int) -> Property:
    return Property(name, caption, Kind.CODE, length)


EXTENSION = (
    _text("name2", "Name 2", 50),
    _text("contactName", "Contact", 100),
    _code("customerPriceGroup", "Customer Price Group", 10),
    _code("languageCode", "Language Code", 10),
    _code("gln", "GLN", 13),
    Property("loyaltyPoints", "Loyalty Points", Kind.INTEGER),
    Property("discountPercent", "Discount %", Kind.DECIMAL),
    Property("newsletter", "Newsletter", Kind.BOOLEAN),
    Property("customerSince", "Customer Since", Kind.DATE),
    Property("lastVisitAt", "Last Visit At", Kind.DATETIME),
    Property("deliveryDay", "Delivery Day", Kind.ENUM, options=(NOT_BLOCKED, "Monday", "Friday", "Any_x0020_Day")),
    Property("partnerId", "Partner Id", Kind.GUID),
    Property("salespersonName", "Salesperson Name", Kind.TEXT, 50, is_editable=False),
)
"""What a partner's extension adds to the customers of a company; only a custom page shows it."""
CUSTOMERS = EntitySet(
    "customers",
    "customer",
    "Customer",
    (
        _id(),
        _code("number", "No.", 20),
        _text("displayName", "Name", 100),
        Property("type", "Contact Type", Kind.ENUM, options=("Company", "Person")),
        _text("addressLine1", "Address", 100),
        _text("addressLine2", "Address 2", 50),
        _text("city", "City", 30),
        _text("state", "County", 30),
        _code("country", "Country/Region Code", 10),
        _code("postalCode", "Post Code", 20),
        _text("phoneNumber", "Phone No.", 30),
        _text("email", "Email", 80),
        _text("website", "Home Page", 255),
        _code("salespersonCode", "Salesperson Code", 20),
        Property("balanceDue", "Balance Due", Kind.DECIMAL, is_editable=False),
        Property("creditLimit", "Credit Limit (LCY)", Kind.DECIMAL),
        Property("taxLiable", "Tax Liable", Kind.BOOLEAN),
        Property("taxAreaId", "Tax Area ID", Kind.GUID),
        Property("taxAreaDisplayName", "Tax Area Display Name", Kind.TEXT, 100, is_editable=False),
        _text("taxRegistrationNumber", "VAT Registration No.", 20),
        Property("currencyId", "Currency Id", Kind.GUID),
        _code("currencyCode", "Currency Code", 10),
        Property("paymentTermsId", "Payment Terms Id", Kind.GUID),
        Property("shipmentMethodId", "Shipment Method Id", Kind.GUID),
        Property("paymentMethodId", "Payment Method Id", Kind.GUID),
        Property("blocked", "Blocked", Kind.ENUM, options=(NOT_BLOCKED, "Ship", "Invoice", "All")),
        _modified(),
    ),
    order="number",
    hidden=(
        "openEntries",
        "openFiscalYearEntries",
        "outstandingDocument",
        "projects",
        "privacyBlocked",
        "emailLower",
        "stamp",
        *(prop.name for prop in EXTENSION),
    ),
)
SHIP_TO_ADDRESSES = EntitySet(
    "shipToAddresses",
    "shipToAddress",
    "Ship-to Address",
    (
        _id(),
        Property("customerId", "Customer Id", Kind.GUID, is_editable=False),
        _code("code", "Code", 10),
        _text("displayName", "Name", 100),
        _text("contact", "Contact", 100),
        _text("addressLine1", "Address", 100),
        _text("addressLine2", "Address 2", 50),
        _text("city", "City", 30),
        _text("state", "County", 30),
        _code("country", "Country/Region Code", 10),
        _code("postalCode", "Post Code", 20),
        _text("phoneNumber", "Phone No.", 30),
        _text("email", "E-Mail", 80),
        _modified(),
    ),
)


def _named(name: str, singular: str, caption: str, *more: Property) -> EntitySet:
    properties = (_id(), _code("code", "Code", 10), _text("displayName", "Description", 100), *more, _modified())
    return EntitySet(name, singular, caption, properties)


CURRENCIES = _named(
    "currencies",
    "currency",
    "Currency",
    _text("symbol", "Symbol", 10),
    _text("amountDecimalPlaces", "Amount Decimal Places", 5),
    Property("amountRoundingPrecision", "Amount Rounding Precision", Kind.DECIMAL),
)
PAYMENT_TERMS = _named(
    "paymentTerms",
    "paymentTerm",
    "Payment Terms",
    _text("dueDateCalculation", "Due Date Calculation", 32),
    _text("discountDateCalculation", "Discount Date Calculation", 32),
    Property("discountPercent", "Discount %", Kind.DECIMAL),
    Property("calculateDiscountOnCreditMemos", "Calc. Pmt. Disc. on Cr. Memos", Kind.BOOLEAN),
)
SHIPMENT_METHODS = _named("shipmentMethods", "shipmentMethod", "Shipment Method")
PAYMENT_METHODS = _named("paymentMethods", "paymentMethod", "Payment Method")
TAX_AREAS = _named(
    "taxAreas",
    "taxArea",
    "Tax Area",
    Property("taxType", "Tax Type", Kind.ENUM, options=("Sales_x0020_Tax", "VAT")),
)
COUNTRIES_REGIONS = _named(
    "countriesRegions", "countryRegion", "Country/Region", _text("addressFormat", "Address Format", 30)
)
SALESPEOPLE = _named(
    "salespeoplePurchasers",
    "salespersonPurchaser",
    "Salesperson/Purchaser",
    _text("email", "E-Mail", 80),
    _text("email2", "E-Mail 2", 80),
    _text("phoneNo", "Phone No.", 30),
    _text("jobTitle", "Job Title", 30),
    Property("commisionPercent", "Commission %", Kind.DECIMAL),  # the API spells it so
    Property("privacyBlocked", "Privacy Blocked", Kind.BOOLEAN),
    Property("blocked", "Blocked", Kind.BOOLEAN),
)
REFERENCE_SETS = (
    CURRENCIES,
    PAYMENT_TERMS,
    SHIPMENT_METHODS,
    PAYMENT_METHODS,
    TAX_AREAS,
    COUNTRIES_REGIONS,
    SALESPEOPLE,
)
COMPANY_INFORMATION = EntitySet(
    "companyInformation",
    "companyInformation",
    "Company Information",
    (
        _id(),
        _text("displayName", "Name", 100),
        _code("country", "Country/Region Code", 10),
        Property("currencyCode", "LCY Code", Kind.CODE, 10, is_editable=False),
        _modified(),
    ),
    order="displayName",
)
COMPANIES = EntitySet(
    "companies",
    "company",
    "Company",
    (
        _id(),
        _text("systemVersion", "System Version", 250),
        Property("timestamp", "Timestamp", Kind.INTEGER),
        _text("name", "Name", 30),
        _text("displayName", "Display Name", 250),
        _text("businessProfileId", "Business Profile Id", 250),
        Property("systemCreatedAt", "System Created At", Kind.DATETIME),
        Property("systemCreatedBy", "System Created By", Kind.GUID),
        Property("systemModifiedAt", "System Modified At", Kind.DATETIME),
        Property("systemModifiedBy", "System Modified By", Kind.GUID),
    ),
    order="name",
    has_etag=False,
)
SUBSCRIPTIONS = EntitySet(
    "subscriptions",
    "subscription",
    "Webhook Subscription",
    (
        Property("subscriptionId", "Subscription ID", Kind.TEXT, 150, is_editable=False),
        _text("notificationUrl", "Notification URL", 2048),
        _text("resource", "Resource", 2048),
        Property("timestamp", "Timestamp", Kind.INTEGER, is_editable=False),
        Property("userId", "User Id", Kind.GUID, is_editable=False),
        Property("lastModifiedDateTime", "Last Modified Date Time", Kind.DATETIME, is_editable=False),
        _text("clientState", "Client State", 250),
        Property("expirationDateTime", "Expiration Date Time", Kind.DATETIME, is_editable=False),
        Property("systemCreatedAt", "System Created At", Kind.DATETIME, is_editable=False),
        Property("systemCreatedBy", "System Created By", Kind.GUID, is_editable=False),
        Property("systemModifiedAt", "System Modified At", Kind.DATETIME, is_editable=False),
        Property("systemModifiedBy", "System Modified By", Kind.GUID, is_editable=False),
    ),
    key="subscriptionId",
    order="subscriptionId",
)
COMPANY_SETS = {entity.name: entity for entity in (CUSTOMERS, *REFERENCE_SETS, COMPANY_INFORMATION)}
"""Sets that belong to a company, by name."""
ALL_SETS = (COMPANIES, SUBSCRIPTIONS, *COMPANY_SETS.values())
"""The sets of the standard API."""
ALL_TABLES = (*ALL_SETS, SHIP_TO_ADDRESSES)
