"""Where things stand on the page of the workbench, for tests."""


def shown(page, what, panel=0):
    page.wait_for_function(
        "([what, panel]) => document.querySelectorAll('.stage')[panel]?.dataset.shown === what",
        arg=[what, panel],
    )


def query(page, number, panel=0):
    return page.locator(".panel").nth(panel).locator(".row.query .token").nth(number)


def through(page, layer, head, panel=0):
    """Look through one head, counted from 1, whatever the page opened on."""
    page.locator(".panel").nth(panel).get_by_role(
        "option", name=f"Layer {layer}, head {head}", exact=True
    ).click()
    page.locator(".panel").nth(panel).locator(".facts", has_text=f"Layer {layer}, head {head}").wait_for()
    page.evaluate("document.activeElement.blur()")
