"""Where things stand on the page of the workbench, for tests."""


def shown(page, what, panel=0):
    page.wait_for_function(
        "([what, panel]) => document.querySelectorAll('.stage')[panel]?.dataset.shown === what",
        arg=[what, panel],
    )


def query(page, number, panel=0):
    return page.locator(".panel").nth(panel).locator(".row.query .token").nth(number)
