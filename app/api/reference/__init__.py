"""Documentation of the API: the OpenAPI document and its page.

docs         the routes of the document and of the page
published    the document as it is sent: compressed and kept
document     makes the document of the app's routes
description  the introduction, and the groups of operations
names        names of schemas, from the names of classes
schemas      makes schemas readable for people and for generators of clients
operations   what is said of an operation besides what its route says
examples     examples of bodies
answers      examples of answers and errors
samples      requests by curl and Python
rule_codes   codes of problems that no schema can state
"""
