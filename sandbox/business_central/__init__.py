"""Business Central, emulated: the API v2.0 of one environment with one company.

Customers are complete; the entities that they refer to (currencies, paymentTerms, shipmentMethods, paymentMethods,
taxAreas, countriesRegions, salespeoplePurchasers) can be read. Where no public source says what the product does, a
switch of `settings.Settings` does, and its text says which behaviour is only assumed.
"""
