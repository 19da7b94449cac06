"""Data that come with the package.

faithful    Old Faithful: 272 eruptions, two features
"""
