"""Imported once by the process that the others are forked from, so that they start at once."""

import playwright.async_api

import handeye.agent
import handeye.agent.agent
import handeye.agent.report.run_page
import handeye.perception.embedded
import handeye.policies.plain_english
import handeye.policies.scripted
import handeye.tools.browser.browser

__all__ = ["handeye", "playwright"]
